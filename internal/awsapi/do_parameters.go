// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
	"github.com/amishare/packer-plugin-ami-share/internal/traffic"
)

// putParameter stores an AMI's id, and waits until AWS has it. AWS's answer to a write of the data type aws:ec2:image says
// nothing: it looks for the AMI afterwards, and forgets the value without a word if it doesn't find it. Until that is over
// there must be no second write.
// https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-ec2-aliases.html
func (c *Client) putParameter(ctx context.Context, change plan.PutParameter) (plan.Effect, error) {
	a := c.parameterAct(change.Where, "storing "+change.Image.ID+" in the parameter", "ssm:PutParameter", change.Parameter.Name)
	if !c.mayAnnounce(change.Where) {
		return plan.Effect{}, clients.NoCredentials(a, change.Account)
	}
	ctx, tries := clients.Watched(ctx)
	holds := func(ctx context.Context) bool {
		there, err := c.getParameter(ctx, placeOfAnnouncement(change.Where), change.Parameter.Name)
		return err == nil && there.Value == change.Image.ID && there.DataType == change.Parameter.DataType
	}
	if change.Previous.Exists() && holds(ctx) {
		return plan.Effect{Found: true}, nil // another run has written it since; another version would take the labels from it
	}
	found, err := c.writeParameter(ctx, placeOfAnnouncement(change.Where), putParameterInput(change), change.Parameter.Timeout, holds)
	if found || diagnose.Has(err, "ParameterAlreadyExists") && !tries.Lost() && holds(ctx) {
		return plan.Effect{Found: !tries.Lost()}, nil // another run has just written it for the same AMI, unless a lost attempt of this one has
	}
	return c.stored(ctx, change.Where, write{change.Parameter.Name, change.Image.ID, change.Parameter.DataType, change.Parameter.Timeout}, a, err, tries)
}

// writeParameter puts a parameter, and waits while AWS is validating what another run has put. If that is what there is to be,
// it is found, and not put again.
func (c *Client) writeParameter(ctx context.Context, p clients.Place, in *ssm.PutParameterInput, limit time.Duration, holds func(context.Context) bool) (found bool, err error) {
	waits := false
	err = traffic.PollFor(ctx, limit, func(ctx context.Context) (bool, error) {
		if found = waits && holds(ctx); found {
			return true, nil
		}
		_, err := c.SSM(p).PutParameter(ctx, in)
		waits = diagnose.Has(err, "TooManyUpdates")
		return !waits, err
	})
	return found, err
}

// putParameterInput names again what the parameter has, and leaves out nothing that would be lost then. Its policies stay, as AWS says.
// Tags and overwriting exclude each other.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
func putParameterInput(change plan.PutParameter) *ssm.PutParameterInput {
	in := &ssm.PutParameterInput{
		Name: aws.String(change.Parameter.Name), Value: aws.String(change.Image.ID), Type: types.ParameterTypeString,
		DataType: aws.String(change.Parameter.DataType), Overwrite: aws.Bool(change.Previous.Exists()),
	}
	if said := change.Description(); said != "" {
		in.Description = &said
	}
	if change.Previous.Exists() {
		keepOf(change.Previous, in)
		return in
	}
	for _, key := range slices.Sorted(maps.Keys(change.Parameter.Tags)) {
		in.Tags = append(in.Tags, types.Tag{Key: aws.String(key), Value: aws.String(change.Parameter.Tags[key])})
	}
	return in
}

// keepOf names again what a parameter has that no run changes.
func keepOf(there sharing.StoredParameter, in *ssm.PutParameterInput) {
	in.Tier = types.ParameterTier(there.Tier)
	if there.AllowedPattern != "" {
		in.AllowedPattern = &there.AllowedPattern
	}
}

// write is what was written into a parameter, and how long AWS is given to store it.
type write struct {
	name, value, dataType string
	limit                 time.Duration
}

// stored says what became of a write whose last answer was written. A text is stored when AWS has answered. What AWS validates
// is waited for, and so is what may be there because an answer was lost.
func (c *Client) stored(ctx context.Context, w plan.Where, put write, a diagnose.Act, written error, tries *clients.Attempts) (plan.Effect, error) {
	limit := put.limit
	switch text := put.dataType != sharing.ImageParameter; {
	case written != nil && !tries.Lost():
		return plan.Effect{}, diagnose.Error(written, a)
	case written == nil && text:
		return plan.Effect{}, nil
	case text:
		limit = c.readBackTime()
	}
	is, looked := false, false
	err := traffic.PollFor(ctx, limit, func(ctx context.Context) (bool, error) {
		there, err := c.getParameter(ctx, placeOfAnnouncement(w), put.name)
		is, looked = err == nil && there.Value == put.value, err == nil
		return is || diagnose.Denied(err), err
	})
	switch {
	case is:
		return plan.Effect{}, nil
	case written != nil && looked:
		return plan.Effect{Lost: true}, diagnose.Error(written, a)
	case written != nil:
		return plan.Effect{Unknown: true}, unread(diagnose.Error(written, a))
	case traffic.Over(ctx):
		return plan.Effect{Unknown: true}, sharing.Problem{
			Scope: a.Scope, Doing: a.Doing, Cause: "the run was interrupted while AWS validated the value",
			Remedy: "Run again: what was stored by then is found.",
		}
	case !looked:
		a.Action = "ssm:GetParameter"
		problem := diagnose.Error(err, a)
		problem.Cause = "whether AWS has stored the value could not be read: " + problem.Cause
		return plan.Effect{Unknown: true}, problem
	}
	return plan.Effect{}, c.notStored(a, put)
}

// notStored says what can be behind a value that AWS does not store.
func (c *Client) notStored(a diagnose.Act, put write) sharing.Problem {
	problem := sharing.Problem{
		Scope: a.Scope, Doing: a.Doing, Cause: fmt.Sprintf("AWS has accepted the value and not stored it after %s", put.limit),
		Remedy: "Another run may have written the parameter at the same time. Run again.",
	}
	if put.dataType == sharing.ImageParameter {
		problem.Cause += ": it stores an aws:ec2:image only once it has found the AMI, and gives no reason when it does not"
		problem.Remedy = strings.Join([]string{
			"Either whoever writes lacks ec2:DescribeImages on \"*\", by a policy, a session policy or one of the organization, or the AMI is not visible to the account in this Region.",
			"EventBridge has AWS's reason, if a rule keeps events with the source aws.ssm and the detail type \"Parameter Store Change\".",
			"With data_type = \"text\" AWS does not look.",
		}, " ")
	}
	return problem
}

// labelParameter labels the version that holds the AMI's id.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_LabelParameterVersion.html
func (c *Client) labelParameter(ctx context.Context, change plan.LabelParameter) (plan.Effect, error) {
	a := c.parameterAct(change.Where, "labelling the parameter", "ssm:LabelParameterVersion", change.Name)
	if !c.mayAnnounce(change.Where) {
		return plan.Effect{}, clients.NoCredentials(a, change.Account)
	}
	p := placeOfAnnouncement(change.Where)
	var there sharing.StoredParameter
	versions, err := c.versionsBeside(ctx, p, change.Name, change.Labels, func() error {
		return traffic.PollFor(ctx, c.readBackTime(), func(ctx context.Context) (done bool, err error) {
			there, err = c.getParameter(ctx, p, change.Name)
			return err != nil || there.Value == change.Image.ID, err // a read may be answered with what was there before
		})
	})
	if err != nil {
		a.Action = "ssm:GetParameter"
		return plan.Effect{}, diagnose.Error(err, a)
	}
	if there.Value != change.Image.ID {
		return plan.Effect{}, sharing.Problem{
			Scope: a.Scope, Doing: a.Doing, Cause: fmt.Sprintf("its newest version does not hold %s any more but %q: somebody else has written it", change.Image.ID, there.Value),
			Remedy: "Let one pipeline write the parameter, and run again.",
		}
	}
	if allOn(there.Version, change.Labels, versions) {
		return plan.Effect{Found: true}, nil // another run has put them there since
	}
	return c.putLabels(ctx, p, change, there, a)
}

func (c *Client) putLabels(ctx context.Context, p clients.Place, change plan.LabelParameter, there sharing.StoredParameter, a diagnose.Act) (plan.Effect, error) {
	ctx, tries := clients.Watched(ctx)
	out, err := c.SSM(p).LabelParameterVersion(ctx, &ssm.LabelParameterVersionInput{
		Name: &change.Name, ParameterVersion: aws.Int64(there.Version), Labels: change.Labels,
	})
	if err == nil && len(out.InvalidLabels) > 0 {
		return plan.Effect{Lost: true}, sharing.Problem{
			Scope: a.Scope, Doing: a.Doing, Cause: "AWS does not take the labels " + strings.Join(out.InvalidLabels, ", "),
			Remedy: "A label has at most 100 letters, digits, periods, hyphens and underscores, and does not begin with a digit, aws or ssm.",
		}
	}
	return c.settle(ctx, err, a, tries, func(ctx context.Context) (bool, error) {
		versions, err := c.versionsOf(ctx, p, change.Name, change.Labels)
		return allOn(there.Version, change.Labels, versions), err
	})
}
