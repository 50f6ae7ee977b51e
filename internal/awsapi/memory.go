package awsapi

import (
	"sync"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// grantMemory knows the grants that were there before the run, and those that the run asked for.
type grantMemory struct {
	mu    sync.Mutex
	seen  map[string]map[string]bool // grant ids by key ARN; a key whose grants could not be listed is not in it
	roles map[string]string          // unique ids by role ARN
	made  map[grantSubject]string    // grant ids
}

// grantSubject is what a grant of this plugin is known by.
type grantSubject struct {
	issuer       sharing.AccountID
	key, grantee string
}

func (m *grantMemory) remember(arn string, key sharing.Key) {
	if !key.GrantsListed {
		return
	}
	ids := map[string]bool{}
	for _, grant := range key.Grants {
		ids[grant.ID] = true
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.seen == nil {
		m.seen = map[string]map[string]bool{}
	}
	m.seen[arn] = ids
}

// before tells whether a grant was there before the run; known is false when the key's grants could not be listed.
func (m *grantMemory) before(arn, id string) (there, known bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	ids, known := m.seen[arn]
	return ids[id], known
}

func (m *grantMemory) add(subject grantSubject, id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.made == nil {
		m.made = map[grantSubject]string{}
	}
	m.made[subject] = id
}

func (m *grantMemory) id(subject grantSubject) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.made[subject]
}

func (m *grantMemory) addRole(arn, id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.roles == nil {
		m.roles = map[string]string{}
	}
	m.roles[arn] = id
}

// roleID returns the unique id of a role that was there when the run looked, "" for any other.
func (m *grantMemory) roleID(arn string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.roles[arn]
}
