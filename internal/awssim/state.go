package awssim

import (
	"encoding/json"
	"maps"
	"slices"
)

type (
	stateDump struct {
		Accounts map[string]accountDump `json:"accounts"`
		Keys     map[string]keyDump     `json:"keys"`
	}
	accountDump struct {
		Roles   []string       `json:"roles,omitempty"`
		Regions map[string]any `json:"regions,omitempty"`
	}
	keyDump struct {
		State  string      `json:"state"`
		Grants []grantDump `json:"grants"`
	}
	grantDump struct {
		Name       string   `json:"name"`
		Issuer     string   `json:"issuer"`
		Grantee    string   `json:"grantee"`
		Operations []string `json:"operations"`
	}
)

// State returns everything that sharing can change, in JSON that is equal when the states are: ids and times of what
// comes and goes are left out.
func (s *Server) State() json.RawMessage {
	s.mu.Lock()
	defer s.mu.Unlock()
	dump := stateDump{Accounts: map[string]accountDump{}, Keys: map[string]keyDump{}}
	for id, a := range s.accounts {
		account := accountDump{Regions: map[string]any{}}
		for _, r := range sortedValues(a.roles) {
			account.Roles = append(account.Roles, r.arn)
		}
		for _, region := range slices.Sorted(maps.Keys(a.regions)) {
			if compute := s.dumpCompute(a, region); compute != nil {
				account.Regions[region] = compute
			}
		}
		dump.Accounts[id] = account
	}
	for arn, key := range s.keys {
		dump.Keys[arn] = keyDump{key.state, s.dumpGrants(key)}
	}
	text, err := json.MarshalIndent(dump, "", "  ")
	if err != nil {
		panic(err) // strings, numbers and maps of them
	}
	return text
}

// dumpGrants lists the grants of a key by what they are, not in the order of their making.
func (s *Server) dumpGrants(key *kmsKey) []grantDump {
	byContent := map[string]grantDump{}
	for _, g := range key.grants {
		dump := grantDump{g.name, g.issuer.id, s.shown(g.grantee), g.operations}
		text, err := json.Marshal(dump)
		if err != nil {
			panic(err) // strings only
		}
		for content := string(text); ; content += "+" {
			if _, ok := byContent[content]; !ok {
				byContent[content] = dump
				break
			}
		}
	}
	return sortedValues(byContent)
}
