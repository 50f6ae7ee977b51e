package report

import (
	"cmp"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/apply"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// status tells what has become of an item.
type status string

// The statuses, as the JSON report has them.
const (
	added   status = "added"
	present status = "present"
	removed status = "removed"
	failed  status = "failed"
	skipped status = "skipped"
	undone  status = "undone"
	planned status = "planned"
	unknown status = "unknown"
	left    status = "left"
)

// kind tells what an item is.
type kind int

const (
	launchPermission kind = iota
	snapshotPermission
	grant
	serviceLinkedRole
	tags
	groupRole
)

func (k kind) String() string {
	return [...]string{"launch permission", "snapshot permission", "grant", "service-linked role", "tags", "Auto Scaling group"}[k]
}

// item is one thing that one recipient gets, has, or loses.
type item struct {
	Kind      kind
	Recipient sharing.Recipient
	Region    sharing.Region // "" for roles
	Resource  string         // image, snapshot, key's ARN, role's ARN or group
	Grantee   string         // of a grant: the role's ARN
	GrantID   string
	Removal   bool // it is to go
	Status    status
	Reason    string
}

// items returns everything that a run was about, sorted by Region, kind, resource, recipient and grantee.
func (r Run) items() []item {
	all := keptItems(r.Plan)
	if len(r.Result.Outcomes) == 0 {
		for _, change := range r.Plan.Changes {
			all = append(all, changeItems(change, item{Status: r.unsent()})...)
		}
	}
	for _, outcome := range r.Result.Outcomes {
		all = append(all, outcomeItems(outcome)...)
	}
	slices.SortStableFunc(all, compareItems)
	return all
}

// unsent is the status of changes of which there is no outcome.
func (r Run) unsent() status {
	if r.DryRun {
		return planned
	}
	return skipped
}

func compareItems(a, b item) int {
	return cmp.Or(cmp.Compare(a.Region, b.Region), cmp.Compare(a.Kind, b.Kind), strings.Compare(a.Resource, b.Resource),
		sharing.CompareRecipients(a.Recipient, b.Recipient), strings.Compare(a.Grantee, b.Grantee))
}

func keptItems(p plan.Plan) []item {
	var items []item
	for _, kept := range p.Kept {
		items = append(items, changeItems(kept.Change, item{GrantID: kept.GrantID, Status: present})...)
	}
	return items
}

func outcomeItems(outcome apply.Outcome) []item {
	statuses := map[apply.Status]status{
		apply.Done: added, apply.Found: present, apply.Failed: failed, apply.Unknown: unknown, apply.Undone: undone, apply.Left: left,
		apply.Skipped: skipped,
	}
	i := item{GrantID: outcome.GrantID, Status: statuses[outcome.Status], Reason: outcome.Reason}
	if outcome.Problem != nil {
		i.Reason = strings.TrimPrefix(outcome.Problem.Code+": "+outcome.Problem.Cause, ": ")
	}
	return changeItems(outcome.Change, i)
}

// changeItems splits a change into its items, all of them like the example.
func changeItems(change plan.Change, like item) []item {
	give := func(k kind, to sharing.Recipient, region sharing.Region, resource string) item {
		i := like
		i.Kind, i.Recipient, i.Region, i.Resource = k, to, region, resource
		return i
	}
	switch c := change.(type) {
	case plan.CreateServiceLinkedRole:
		return []item{give(serviceLinkedRole, sharing.Account(c.Account), "", c.ARN)}
	case plan.CreateGrant:
		i := give(grant, sharing.Account(c.Account), c.Region, c.KeyARN)
		i.Grantee = c.GranteeARN
		return []item{i}
	case plan.RetireGrant:
		i := give(grant, sharing.Account(c.Account), c.Region, c.KeyARN)
		i.Grantee, i.GrantID, i.Reason = c.GranteeARN, c.GrantID, cmp.Or(i.Reason, c.Why)
		return []item{i.removal()}
	case plan.ModifySnapshotPermission:
		return permissionItems(c.Operation, accounts(c.Accounts), give(snapshotPermission, sharing.Recipient{}, c.Image.Region, c.Snapshot))
	case plan.ModifyLaunchPermission:
		return permissionItems(c.Operation, c.Recipients, give(launchPermission, sharing.Recipient{}, c.Image.Region, c.Image.ID))
	case plan.PutTags:
		return []item{give(tags, sharing.Account(c.Account), c.Image.Region, c.Resource)}
	case plan.SetGroupRole:
		return []item{give(groupRole, sharing.Account(c.Account), c.Region, c.Group)}
	default: // RestoreTags only undoes: what it undoes is told
		return nil
	}
}

// permissionItems are items like the example, one for each recipient.
func permissionItems(operation plan.Operation, recipients []sharing.Recipient, like item) []item {
	items := make([]item, len(recipients))
	for n, to := range recipients {
		items[n] = like
		items[n].Recipient = to
		if operation == plan.Remove {
			items[n] = items[n].removal()
		}
	}
	return items
}

func (i item) removal() item {
	i.Removal = true
	if i.Status == added {
		i.Status = removed
	}
	return i
}

func accounts(ids []sharing.AccountID) []sharing.Recipient {
	recipients := make([]sharing.Recipient, len(ids))
	for i, id := range ids {
		recipients[i] = sharing.Account(id)
	}
	return recipients
}
