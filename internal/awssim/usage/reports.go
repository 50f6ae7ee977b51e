// SPDX-License-Identifier: MPL-2.0

package usage

import (
	"cmp"
	"slices"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/resources"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

// createReport asks for a report about an AMI of the caller. An AMI has one pending report at most. AWS publishes no code for it.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateImageUsageReport.html
func (c *call) createReport() (cloud.Effect, error) {
	id := c.Form.Get("ImageId")
	if err := c.ec2.OwnsImage(c.Call, id); err != nil {
		return nil, err
	}
	kinds, err := c.kinds(20, instances, templates)
	if err != nil {
		return nil, err
	}
	if len(kinds) == 0 {
		return nil, wire.BadRequest("MissingParameter", "The request must contain the parameter ResourceType")
	}
	accounts := c.Form.List("AccountId")
	if len(accounts) > mostNamed {
		return nil, wire.InvalidValue("AccountId", accounts[mostNamed])
	}
	for _, account := range accounts {
		if !cloud.IsAccountID(account) {
			return nil, wire.InvalidValue("AccountId", account)
		}
	}
	specs, err := c.TagSpecs(reportKind)
	if err != nil {
		return nil, err
	}
	token := c.Form.Get("ClientToken")
	for _, other := range c.own() {
		switch {
		case token != "" && other.token == token:
			return cloud.Answer(&createdReport{other.id}), nil
		case other.image == id && other.pending > 0:
			return nil, wire.BadRequest("ResourceLimitExceeded", "The image %s has the pending usage report %s already.", id, other.id)
		}
	}
	return func() (any, error) {
		made := &report{
			id: c.NewID("amiur-"), image: id, token: token, kinds: kinds, accounts: accounts, created: c.Now(), pending: cloud.Lag(c.Hostility.UsageReportPending),
		}
		made.entries = c.count(made)
		c.own()[made.id] = made
		c.SetTags(made.id, specs[reportKind])
		return &createdReport{made.id}, nil
	}, nil
}

// mostNamed is how many accounts, AMIs and reports a call can name.
const mostNamed = 200

type createdReport struct {
	ID string `xml:"reportId"`
}

// count looks at all accounts, or those of the report.
func (c *call) count(r *report) []entry {
	var entries []entry
	for _, account := range cloud.SortedValues(c.Accounts) {
		if len(r.accounts) > 0 && !slices.Contains(r.accounts, account.ID) {
			continue
		}
		for _, k := range r.kinds {
			if n := len(c.using(account, k, r.image, c.Hostility.UsageReportBlind)); n > 0 {
				entries = append(entries, entry{account.ID, k.name, n})
			}
		}
	}
	return entries
}

// using are the ARNs of an account's instances or launch templates that name an AMI. Without what is recent, those are left out that
// were made since the server started.
func (c *call) using(account *cloud.Account, k kind, image string, withoutRecent bool) []string {
	if k.name == templates {
		return c.ec2.TemplatesWith(account, c.Region, image, k.depth, withoutRecent)
	}
	if withoutRecent {
		return nil
	}
	return c.ec2.InstancesOf(account, c.Region, image, k.states)
}

func (r *report) state() string {
	if r.pending > 0 {
		return "pending"
	}
	return "available"
}

// asked are the reports that the call is about, by ReportId or ImageId, or all.
func (c *call) asked() ([]*report, error) {
	ids, images := c.Form.List("ReportId"), c.Form.List("ImageId")
	for _, named := range [][]string{ids, images} {
		if len(named) > mostNamed {
			return nil, wire.InvalidValue("ReportId or ImageId", named[mostNamed])
		}
	}
	for _, id := range ids {
		if c.own()[id] == nil {
			return nil, notFound(id)
		}
	}
	all := cloud.SortedValues(c.own())
	return slices.DeleteFunc(all, func(r *report) bool {
		return len(ids) > 0 && !slices.Contains(ids, r.id) || len(images) > 0 && !slices.Contains(images, r.image)
	}), nil
}

func notFound(id string) error {
	return wire.BadRequest("InvalidImageUsageReportId.NotFound", "The image usage report '%s' does not exist", id)
}

type reportItem struct {
	ID       string                             `xml:"reportId"`
	Image    string                             `xml:"imageId"`
	Kinds    resources.Items[kindItem]          `xml:"resourceTypeSet"`
	Accounts resources.Items[string]            `xml:"accountIdSet"`
	State    string                             `xml:"state"`
	Created  string                             `xml:"creationTime"`
	Expires  string                             `xml:"expirationTime"`
	Tags     resources.Items[resources.TagItem] `xml:"tagSet"`
}

type kindItem struct {
	Name string `xml:"resourceType"`
}

// lifetime of a report.
const lifetime = 30 * 24 * time.Hour

func (c *call) item(r *report) reportItem {
	item := reportItem{
		ID: r.id, Image: r.image, State: r.state(), Accounts: resources.Items[string]{Items: r.accounts}, Tags: c.TagsOf(r.id),
		Created: wire.Timestamp(r.created), Expires: wire.Timestamp(r.created.Add(lifetime)),
	}
	for _, k := range r.kinds {
		item.Kinds.Items = append(item.Kinds.Items, kindItem{k.name})
	}
	return item
}

// describeReports shows reports, and counts as a look at each.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeImageUsageReports.html
func (c *call) describeReports() (cloud.Effect, error) {
	all, missing := c.asked()
	items := make([]reportItem, 0, len(all))
	for _, r := range all {
		items = append(items, c.item(r))
	}
	items, err := resources.Filtered(c.Request, items, resources.FilterFields[reportItem]{
		"creation-time": resources.One(func(r reportItem) string { return r.Created }),
		"state":         resources.One(func(r reportItem) string { return r.State }),
	}, func(r reportItem) string { return r.ID })
	if err = cmp.Or(err, missing); err != nil {
		return nil, err
	}
	shown, next, err := cloud.Page(c.Call, items, "MaxResults", 100)
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		for _, r := range all {
			r.pending.Waits()
		}
		return &struct {
			Reports resources.Items[reportItem] `xml:"imageUsageReportSet"`
			Next    string                      `xml:"nextToken,omitempty"`
		}{resources.Items[reportItem]{Items: shown}, next}, nil
	}, nil
}

type entryItem struct {
	Kind    string `xml:"resourceType"`
	Report  string `xml:"reportId"`
	Count   int    `xml:"usageCount"`
	Account string `xml:"accountId"`
	Image   string `xml:"imageId"`
	Created string `xml:"reportCreationTime"`
}

// describeEntries shows what is in reports that are available.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeImageUsageReportEntries.html
func (c *call) describeEntries() (cloud.Effect, error) {
	all, missing := c.asked()
	var items []entryItem
	for _, r := range all {
		for _, e := range r.entries {
			if r.pending == 0 {
				items = append(items, entryItem{e.kind, r.id, e.count, e.account, r.image, wire.Timestamp(r.created)})
			}
		}
	}
	items, err := resources.Fitting(c.Form, items, map[string]func(entryItem) string{
		"account-id":    func(e entryItem) string { return e.Account },
		"creation-time": func(e entryItem) string { return e.Created },
		"resource-type": func(e entryItem) string { return e.Kind },
	})
	if err = cmp.Or(err, missing); err != nil {
		return nil, err
	}
	shown, next, err := cloud.Page(c.Call, items, "MaxResults", 100)
	if err != nil {
		return nil, err
	}
	return cloud.Answer(&struct {
		Entries resources.Items[entryItem] `xml:"imageUsageReportEntrySet"`
		Next    string                     `xml:"nextToken,omitempty"`
	}{resources.Items[entryItem]{Items: shown}, next}), nil
}

// deleteReport: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteImageUsageReport.html
func (c *call) deleteReport() (cloud.Effect, error) {
	id := c.Form.Get("ReportId")
	if c.own()[id] == nil {
		return nil, notFound(id)
	}
	return func() (any, error) {
		delete(c.own(), id)
		c.DropTags(id)
		return &struct {
			Return bool `xml:"return"`
		}{true}, nil
	}, nil
}
