package report

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// Schema is the value of "schema" in the JSON report. Fields may be added under the same version; a field that changes its
// meaning or goes makes a new one. docs/report.md describes it.
const Schema = "ami-share-report/1"

type jsonReport struct {
	Schema        string          `json:"schema"`
	PluginVersion string          `json:"plugin_version"`
	Outcome       string          `json:"outcome"`
	DryRun        bool            `json:"dry_run"`
	Started       string          `json:"started"`
	Seconds       float64         `json:"seconds"`
	Images        []jsonImage     `json:"images"`
	Accounts      []jsonAccount   `json:"accounts"`
	Failures      []jsonProblem   `json:"failures"`
	Warnings      []jsonProblem   `json:"warnings"`
	NotUndone     []jsonNotUndone `json:"not_undone"`
	Verification  []jsonCheck     `json:"verification"`
	LeftAlone     []string        `json:"left_alone"`
	Notes         []string        `json:"notes"`
	Calls         map[string]int  `json:"calls"`
	Retries       int             `json:"retries"`
}

type jsonImage struct {
	Region     sharing.Region      `json:"region"`
	ID         string              `json:"id"`
	Name       string              `json:"name"`
	Owner      sharing.AccountID   `json:"owner"`
	Snapshots  []jsonSnapshot      `json:"snapshots"`
	Keys       []string            `json:"keys"`
	Recipients []jsonRecipientItem `json:"recipients"`
}

type jsonSnapshot struct {
	ID        string `json:"id"`
	Encrypted bool   `json:"encrypted"`
	Key       string `json:"key"`
}

type jsonRecipientItem struct {
	Kind        string     `json:"kind"`
	ID          string     `json:"id"`
	Permissions []jsonItem `json:"permissions"`
	Grants      []jsonItem `json:"grants"`
}

type jsonAccount struct {
	ID    string     `json:"id"`
	Items []jsonItem `json:"items"`
}

type jsonItem struct {
	Kind     string         `json:"kind"`
	Region   sharing.Region `json:"region,omitempty"`
	Resource string         `json:"resource"`
	Grantee  string         `json:"grantee,omitempty"`
	GrantID  string         `json:"grant_id,omitempty"`
	Status   status         `json:"status"`
	Removal  bool           `json:"removal,omitempty"`
	Reason   string         `json:"reason,omitempty"`
}

type jsonProblem struct {
	Account sharing.AccountID `json:"account"`
	Region  sharing.Region    `json:"region"`
	Doing   string            `json:"doing"`
	Code    string            `json:"code"`
	Cause   string            `json:"cause"`
	Remedy  string            `json:"remedy"`
}

type jsonNotUndone struct {
	Change  string      `json:"change"`
	Command string      `json:"command"`
	Problem jsonProblem `json:"problem"`
}

type jsonCheck struct {
	Account sharing.AccountID `json:"account"`
	Region  sharing.Region    `json:"region"`
	Subject string            `json:"subject"`
	OK      bool              `json:"ok"`
	Warning bool              `json:"warning"`
	Problem *jsonProblem      `json:"problem"`
}

// JSON returns the report for machines, indented, with a newline at its end. Lists are never null.
func JSON(r Run) ([]byte, error) {
	report := jsonReport{
		Schema: Schema, PluginVersion: r.PluginVersion, Outcome: r.outcome(), DryRun: r.DryRun,
		Started: r.Started.UTC().Format(time.RFC3339), Seconds: r.Elapsed.Round(time.Millisecond).Seconds(),
		Images: r.jsonImages(), Accounts: r.jsonAccounts(),
		Failures: mapped(r.failures(), jsonProblemOf), Warnings: mapped(r.warnings(), jsonProblemOf),
		NotUndone: r.jsonNotUndone(), Verification: mapped(r.Checks, jsonCheckOf),
		LeftAlone: append([]string{}, r.Plan.Foreign...), Notes: append([]string{}, r.Plan.Notes...),
		Calls: r.Stats.Calls, Retries: r.Stats.Retries,
	}
	if report.Calls == nil {
		report.Calls = map[string]int{}
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(report)
	return out.Bytes(), err
}

func (r Run) jsonImages() []jsonImage {
	cells := r.cells()
	return mapped(r.images(), func(image sharing.Image) jsonImage {
		result := jsonImage{
			Region: image.Ref.Region, ID: image.Ref.ID, Name: image.Name, Owner: image.Owner, Keys: []string{},
			Snapshots: mapped(image.Snapshots, func(s sharing.Snapshot) jsonSnapshot { return jsonSnapshot{s.ID, s.Encrypted, s.KeyARN} }),
			Recipients: mapped(r.recipients(image.Ref, cells), func(to sharing.Recipient) jsonRecipientItem {
				launch, snapshots := cells[cellKey{image.Ref, to, 0}], cells[cellKey{image.Ref, to, 1}]
				return jsonRecipientItem{
					Kind: to.Kind.String(), ID: to.ID,
					Permissions: mapped(append(append([]item{}, launch...), snapshots...), jsonItemOf),
					Grants:      mapped(cells[cellKey{image.Ref, to, 2}], jsonItemOf),
				}
			}),
		}
		for _, snapshot := range image.Snapshots {
			if snapshot.KeyARN != "" {
				result.Keys = append(result.Keys, snapshot.KeyARN)
			}
		}
		result.Keys = sortedUnique(result.Keys)
		return result
	})
}

// jsonAccounts lists what belongs to no image: roles, tags and groups.
func (r Run) jsonAccounts() []jsonAccount {
	byAccount := map[string][]item{}
	var ids []string
	for _, i := range r.items() {
		if i.Kind == serviceLinkedRole || i.Kind == tags || i.Kind == groupRole {
			byAccount[i.Recipient.ID] = append(byAccount[i.Recipient.ID], i)
			ids = append(ids, i.Recipient.ID)
		}
	}
	return mapped(sortedUnique(ids), func(id string) jsonAccount { return jsonAccount{id, mapped(byAccount[id], jsonItemOf)} })
}

func jsonItemOf(i item) jsonItem {
	return jsonItem{i.Kind.String(), i.Region, i.Resource, i.Grantee, i.GrantID, i.Status, i.Removal, i.Reason}
}

func jsonProblemOf(p sharing.Problem) jsonProblem {
	return jsonProblem{p.Scope.Account, p.Scope.Region, p.Doing, p.Code, p.Cause, p.Remedy}
}

func jsonCheckOf(c sharing.Check) jsonCheck {
	check := jsonCheck{Account: c.Scope.Account, Region: c.Scope.Region, Subject: c.Subject, OK: c.OK, Warning: c.Warning}
	if c.Problem != nil {
		problem := jsonProblemOf(*c.Problem)
		check.Problem = &problem
	}
	return check
}

func (r Run) jsonNotUndone() []jsonNotUndone {
	list := []jsonNotUndone{}
	for _, left := range r.Result.NotUndone() {
		list = append(list, jsonNotUndone{left.Change.String(), left.Command, jsonProblemOf(*left.Problem)})
	}
	return list
}
