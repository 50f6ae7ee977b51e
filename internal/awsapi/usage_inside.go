// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/parallel"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// What an AMI can be used in.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-ami-references.html
const (
	usedByInstance  = "ec2:Instance"
	usedByTemplate  = "ec2:LaunchTemplate"
	usedByParameter = "ssm:Parameter"
	usedByRecipe    = "imagebuilder:ImageRecipe"
	usedByContainer = "imagebuilder:ContainerRecipe"
)

// uses are how often an account uses an AMI, by what it uses it in.
type uses map[string]int

func (u uses) with(kind string, n int) uses {
	sum := maps.Clone(u)
	if sum == nil {
		sum = uses{}
	}
	if sum[kind] += n; sum[kind] == 0 {
		delete(sum, kind)
	}
	return sum
}

// atLeast joins what two have counted of the same.
func (u uses) atLeast(other uses) uses {
	most := uses{}
	for _, counted := range []uses{u, other} {
		for kind, n := range counted {
			most[kind] = max(most[kind], n)
		}
	}
	return most
}

// String counts uses for people: "2 instances, 1 launch template".
func (u uses) String() string {
	nouns := map[string]string{
		usedByInstance: "instance", usedByTemplate: "launch template", usedByParameter: "parameter",
		usedByRecipe: "Image Builder recipe", usedByContainer: "Image Builder container recipe",
	}
	var words []string
	for _, kind := range slices.Sorted(maps.Keys(u)) {
		noun := nouns[kind]
		if noun == "" {
			noun = kind
		}
		words = append(words, sharing.Counted(u[kind], noun))
	}
	return strings.Join(words, ", ")
}

// insideUses are what accounts say of themselves.
type insideUses struct {
	found    map[string]uses
	warnings []sharing.Problem
}

// lookInside asks the accounts that can be entered what they use an AMI in: that has no lag, and knows parameters and recipes.
// What goes wrong is told, and stops nothing: there is AWS's report.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeImageReferences.html
func (c *Client) lookInside(ctx context.Context, removal plan.ModifyLaunchPermission) insideUses {
	var open []sharing.AccountID
	for _, recipient := range removal.Recipients {
		if account := sharing.AccountID(recipient.ID); recipient.Kind == sharing.ToAccount && c.Enters(account) {
			open = append(open, account)
		}
	}
	counted := make([]uses, len(open))
	var blind parallel.List[sharing.Problem]
	parallel.Each(open, func(i int, account sharing.AccountID) {
		scope := sharing.Scope{Account: account, Region: removal.Image.Region}
		n, err := c.references(ctx, clients.At(scope), removal.Image.ID)
		if counted[i] = n; err != nil && ctx.Err() == nil {
			blind.Add(diagnose.Error(err, diagnose.Act{
				Scope: scope, Doing: "asking the account what it uses AMI " + removal.Image.ID + " in", Action: "ec2:DescribeImageReferences", Resource: "*",
				Principal: c.Principal(account),
			}))
		}
	})
	inside := insideUses{map[string]uses{}, sortProblems(blind.Items)}
	for i, account := range open {
		inside.found[string(account)] = counted[i]
	}
	return inside
}

func (c *Client) references(ctx context.Context, p clients.Place, image string) (uses, error) {
	in := &ec2.DescribeImageReferencesInput{ImageIds: []string{image}, IncludeAllResourceTypes: aws.Bool(true)}
	references, err := clients.Pages("ec2:DescribeImageReferences", func(token *string) (*ec2.DescribeImageReferencesOutput, error) {
		in.NextToken = token
		return c.EC2(p).DescribeImageReferences(ctx, in)
	}, func(out *ec2.DescribeImageReferencesOutput) ([]types.ImageReference, *string) {
		return out.ImageReferences, out.NextToken
	})
	counted := uses{}
	for _, reference := range references {
		counted[string(reference.ResourceType)]++
	}
	return counted, err
}

// mostMembers is how many accounts are named that use an AMI which an organization or OU is to lose.
const mostMembers = 5

// usesOf tells of the recipients of a removal who uses the AMI. Organizations and OUs are taken to use it when accounts do that it is
// not shared with by their own ids: who belongs to them is not known here.
func usesOf(removal plan.ModifyLaunchPermission, found map[string]uses) []plan.Use {
	var all []plan.Use
	for _, recipient := range removal.Recipients {
		if n := found[recipient.ID]; recipient.Kind == sharing.ToAccount && len(n) > 0 {
			all = append(all, plan.Use{Recipient: recipient, What: n.String()})
		}
	}
	var members []string
	for _, account := range slices.Sorted(maps.Keys(found)) {
		if len(found[account]) > 0 && !slices.Contains(removal.Own, sharing.AccountID(account)) {
			members = append(members, account+": "+found[account].String())
		}
	}
	if len(members) == 0 {
		return all
	}
	if more := len(members) - mostMembers; more > 0 {
		members = append(members[:mostMembers], "and "+sharing.Counted(more, "account"))
	}
	for _, recipient := range removal.Recipients {
		if recipient.Kind != sharing.ToAccount {
			all = append(all, plan.Use{Recipient: recipient, What: strings.Join(members, "; ")})
		}
	}
	return all
}
