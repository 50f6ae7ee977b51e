// SPDX-License-Identifier: MPL-2.0

package report

import (
	"cmp"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/apply"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// items returns everything that a run was about, sorted by Region, kind, resource, recipient and grantee.
func (r Run) items() []item {
	if r.listed != nil {
		return r.listed
	}
	all := slices.Concat(keptItems(r.Plan), r.changedItems(), r.blockedItems(), r.proofItems(), r.unplannedItems())
	r.prove(all)
	all = r.verify(all)
	slices.SortStableFunc(all, compareItems)
	return all
}

// changedItems are those that the plan changes.
func (r Run) changedItems() []item {
	all := make([]item, 0, 2*len(r.Result.Outcomes))
	if len(r.Result.Outcomes) == 0 {
		for _, change := range r.Plan.Changes {
			all = append(all, changeItems(change, item{Status: r.unsent()})...)
		}
	}
	for _, outcome := range r.Result.Outcomes {
		all = append(all, outcomeItems(outcome)...)
	}
	return all
}

// unsent is the status of changes of which there is no outcome.
func (r Run) unsent() status {
	if r.DryRun {
		return planned
	}
	return skipped
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
		i.Reason = outcome.Problem.Reason()
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
		i := give(tags, sharing.Account(c.Account), c.Image.Region, c.Resource)
		i.Value, i.Previous = sharing.TagWords(c.Tags), sharing.TagWords(c.Previous)
		return []item{i}
	case plan.SetGroupRole:
		i := give(groupRole, sharing.Account(c.Account), c.Region, c.Group)
		i.Value, i.Previous = c.RoleARN, c.Previous
		return []item{i}
	case plan.PutParameter:
		i := give(parameter, sharing.Account(c.Account), c.Image.Region, c.Parameter.Name)
		i.Value, i.Previous = c.Image.ID, c.Previous.Value
		if !c.Previous.Holds(c.Image.ID, c.Parameter) { // it is written, and what it has besides is known
			i.also("data type", c.Previous.DataType, c.Parameter.DataType)
			i.also("description", c.Previous.Description, c.Description())
		}
		return []item{i}
	case plan.LabelParameter:
		i := give(parameterLabels, sharing.Account(c.Account), c.Image.Region, c.Name)
		i.Value, i.Previous = strings.Join(c.Labels, ", ")+": "+versionWords(c.Version), labelWords(c.Previous)
		return []item{i}
	case plan.PutSharedTags:
		i := give(sharedTags, sharing.Account(c.Account), c.Image.Region, c.Image.ID)
		i.Value, i.Previous = sharing.TagWords(c.Tags), sharing.TagWords(c.Previous)
		return []item{i}
	case plan.AddTemplateVersion:
		i := give(launchTemplate, sharing.Account(c.Account), c.Image.Region, c.Template.Named)
		i.Value, i.Previous = c.Image.ID, c.Previous
		return []item{i}
	case plan.SetDefaultVersion:
		i := give(templateDefault, sharing.Account(c.Account), c.Image.Region, c.Template.Named)
		i.Value = versionWords(c.Version) + " with " + c.Image.ID
		if c.Previous.Number > 0 {
			i.Previous = versionWords(c.Previous.Number) + " with " + cmp.Or(c.Previous.Image, "no AMI")
		}
		return []item{i}
	case plan.AttachWatermark:
		i := give(watermark, sharing.Account(c.Account), c.Image.Region, c.Image.ID)
		i.Value, i.Previous = strings.Join(append(slices.Clone(c.Beside), c.Key()), ", "), strings.Join(c.Beside, ", ")
		return []item{i}
	case plan.RemoveSharedTags:
		i := give(sharedTags, sharing.Account(c.Account), c.Image.Region, c.Image.ID)
		i.Previous, i.Reason = sharing.TagWords(c.Tags), cmp.Or(i.Reason, "shared_tags does not name them")
		return []item{i.removal()}
	default: // what only undoes: what it undoes is told
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

func accounts(ids []sharing.AccountID) []sharing.Recipient {
	recipients := make([]sharing.Recipient, len(ids))
	for i, id := range ids {
		recipients[i] = sharing.Account(id)
	}
	return recipients
}
