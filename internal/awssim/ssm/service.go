// SPDX-License-Identifier: MPL-2.0

// Package ssm is Parameter Store of the local AWS: parameters of the type String, their versions, labels and tags, and what
// resolve:ssm: stands for in a launch.
package ssm

import (
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

// Service is Parameter Store.
type Service struct {
	*cloud.Cloud
	// SeesImage tells whether an AMI is available to an account in a Region. Parameters of the data type aws:ec2:image ask.
	SeesImage func(a *cloud.Account, region, id string) bool

	regions cloud.Regional[inventory]
}

// inventory is what an account has in a Region, by name. A name can have both.
type inventory struct {
	stored  map[string]*parameter
	pending map[string]*write
}

// New returns the service.
func New(c *cloud.Cloud) *Service {
	return &Service{Cloud: c, regions: cloud.NewRegional(func() *inventory {
		return &inventory{stored: map[string]*parameter{}, pending: map[string]*write{}}
	})}
}

// APIs of the service.
func (s *Service) APIs() []*cloud.API {
	return []*cloud.API{{
		Name: "ssm", Protocol: wire.JSON, Target: "AmazonSSM", Actions: cloud.Actions(actions(), s.bind), ConditionKeys: "ssm:Overwrite",
	}}
}

// call is a call of the service.
type call struct {
	*cloud.Call
	*Service
}

func (s *Service) bind(c *cloud.Call) *call { return &call{c, s} }

// own is what the caller's account has in the Region of the call.
func (c *call) own() *inventory { return c.regions.Of(c.Account, c.Region) }

func actions() map[string]cloud.Action[*call] {
	return map[string]cloud.Action[*call]{
		"PutParameter":            {Write: true, Resources: onNamed, Conditions: putConditions, Handle: (*call).putParameter},
		"GetParameter":            {Resources: onNamed, Handle: (*call).getParameter},
		"GetParameterHistory":     {Resources: onNamed, Handle: (*call).getHistory},
		"GetParameters":           {Resources: onNamed, Handle: (*call).getParameters},
		"DeleteParameter":         {Write: true, Resources: onNamed, Handle: (*call).deleteParameter},
		"LabelParameterVersion":   {Write: true, Resources: onNamed, Handle: (*call).labelVersion},
		"UnlabelParameterVersion": {Write: true, Resources: onNamed, Handle: (*call).unlabelVersion},
		"AddTagsToResource":       {Write: true, Resources: onNamed, Conditions: tagConditions, Handle: (*call).addTags},
		"RemoveTagsFromResource": {
			Write: true, Resources: onNamed, Conditions: removedTagConditions, Handle: (*call).removeTags,
		},
		"ListTagsForResource": {Resources: onNamed, Handle: (*call).listTags},
	}
}

// onNamed makes the ARNs of the parameters that a call names, each without its version or label.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html
func onNamed(c *call) []string {
	var in struct {
		Name, ResourceID string
		Names            []string
	}
	c.Peek(&in)
	names := in.Names
	if in.Name+in.ResourceID != "" {
		names = append(names, in.Name+in.ResourceID)
	}
	arns := make([]string, 0, len(names))
	for _, given := range names {
		name, _ := c.selected(given, c.Account, c.Region)
		arns = append(arns, c.arn(name, c.Account, c.Region))
	}
	return arns
}

type tag struct{ Key, Value string }

// tagConditions are the condition keys about the tags of a call.
func tagConditions(c *call) map[string][]string {
	var in struct{ Tags []tag }
	c.Peek(&in)
	conditions := map[string][]string{}
	for _, t := range in.Tags {
		conditions["aws:TagKeys"] = append(conditions["aws:TagKeys"], t.Key)
		conditions["aws:RequestTag/"+t.Key] = []string{t.Value}
	}
	return conditions
}

func removedTagConditions(c *call) map[string][]string {
	var in struct{ TagKeys []string }
	c.Peek(&in)
	return map[string][]string{"aws:TagKeys": in.TagKeys}
}

func putConditions(c *call) map[string][]string {
	var in struct{ Overwrite bool }
	c.Peek(&in)
	conditions := tagConditions(c)
	conditions["ssm:Overwrite"] = cloud.Boolean(in.Overwrite)
	return conditions
}
