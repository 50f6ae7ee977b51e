// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
	"github.com/amishare/packer-plugin-ami-share/internal/traffic"
)

func (c *Client) undoParameter(ctx context.Context, change plan.PutParameter) (plan.Change, error) {
	a := c.parameterAct(change.Where, "reading before it is changed the parameter", "ssm:GetParameterHistory", change.Parameter.Name)
	if !c.mayAnnounce(change.Where) {
		return nil, clients.NoCredentials(a, change.Account)
	}
	there, err := c.wholeParameter(ctx, placeOfAnnouncement(change.Where), change.Parameter.Name)
	if err != nil {
		return nil, diagnose.Error(err, a)
	}
	if there.Holds(change.Image.ID, change.Parameter) {
		return nil, nil //nolint:nilnil // another run has just written it
	}
	return plan.RestoreParameter{Where: change.Where, Parameter: change.Parameter, Previous: there}, nil
}

func (c *Client) undoLabels(ctx context.Context, change plan.LabelParameter) (plan.Change, error) {
	a := c.parameterAct(change.Where, "reading before they are moved the labels of the parameter", "ssm:GetParameter", change.Name)
	if !c.mayAnnounce(change.Where) {
		return nil, clients.NoCredentials(a, change.Account)
	}
	versions, err := c.versionsOf(ctx, placeOfAnnouncement(change.Where), change.Name, change.Labels)
	if err != nil {
		return nil, diagnose.Error(err, a)
	}
	undo := plan.RestoreLabels{Where: change.Where, Name: change.Name, Move: versions}
	for _, label := range change.Labels {
		if versions[label] == 0 {
			undo.Remove = append(undo.Remove, label)
		}
	}
	return undo, nil
}

// restoreParameter deletes a parameter that was made, or writes back what was there before. A value that AWS was still
// looking at is waited for: it could appear afterwards.
func (c *Client) restoreParameter(ctx context.Context, change plan.RestoreParameter) (plan.Effect, error) {
	a := c.parameterAct(change.Where, "taking back the parameter", "ssm:GetParameter", change.Parameter.Name)
	p := placeOfAnnouncement(change.Where)
	var there sharing.StoredParameter
	before := false
	err := traffic.PollFor(ctx, change.Parameter.Timeout, func(ctx context.Context) (bool, error) {
		var err error
		there, err = c.getParameter(ctx, p, change.Parameter.Name)
		before = there.Version == change.Previous.Version && there.Value == change.Previous.Value
		return !before || change.Parameter.DataType != sharing.ImageParameter || diagnose.Denied(err), err
	})
	switch {
	case err != nil:
		return plan.Effect{}, diagnose.Error(err, a)
	case before: // it was not stored
		return plan.Effect{}, nil
	case there.Value != change.Image.ID:
		return plan.Effect{Kept: fmt.Sprintf("it holds %q by now, which somebody else has stored", there.Value)}, nil
	case !change.Previous.Exists():
		return c.deleteParameter(ctx, p, change.Parameter.Name, a)
	}
	return c.writeBack(ctx, change, a)
}

func (c *Client) deleteParameter(ctx context.Context, p clients.Place, name string, a diagnose.Act) (plan.Effect, error) {
	a.Action = "ssm:DeleteParameter"
	ctx, tries := clients.Watched(ctx)
	_, err := c.SSM(p).DeleteParameter(ctx, &ssm.DeleteParameterInput{Name: &name})
	if diagnose.Has(err, "ParameterNotFound") {
		return plan.Effect{}, nil
	}
	return c.settle(ctx, err, a, tries, func(ctx context.Context) (bool, error) {
		there, err := c.getParameter(ctx, p, name)
		return err == nil && !there.Exists(), err
	})
}

func (c *Client) writeBack(ctx context.Context, change plan.RestoreParameter, a diagnose.Act) (plan.Effect, error) {
	a.Action = "ssm:PutParameter"
	ctx, tries := clients.Watched(ctx)
	in := &ssm.PutParameterInput{
		Name: &change.Parameter.Name, Value: &change.Previous.Value, DataType: &change.Previous.DataType, Overwrite: aws.Bool(true),
		Description: &change.Previous.Description, // "" takes the run's own away
	}
	keepOf(change.Previous, in)
	_, err := c.writeParameter(ctx, placeOfAnnouncement(change.Where), in, change.Parameter.Timeout, func(context.Context) bool { return false })
	return c.stored(ctx, change.Where, write{change.Parameter.Name, change.Previous.Value, change.Previous.DataType, change.Parameter.Timeout}, a, err, tries)
}

// restoreLabels moves labels back to the versions that had them, and takes those away that none had. A label that is on a version
// with another AMI by now is somebody else's.
func (c *Client) restoreLabels(ctx context.Context, change plan.RestoreLabels) (plan.Effect, error) {
	a := c.parameterAct(change.Where, "taking back the labels of the parameter", "ssm:LabelParameterVersion", change.Name)
	p := placeOfAnnouncement(change.Where)
	labels := append(slices.Sorted(maps.Keys(change.Move)), change.Remove...)
	versions, err := c.labelled(ctx, p, change.Name, labels)
	if err != nil {
		a.Action = "ssm:GetParameter"
		return plan.Effect{}, diagnose.Error(err, a)
	}
	var kept []string
	for _, label := range labels {
		is, before := versions[label], change.Move[label]
		var effect plan.Effect
		var err error
		switch {
		case is.Version == before: // none, of one that none had
		case is.Value != change.Image.ID:
			kept = append(kept, labelNow(label, is))
		case before == 0:
			effect, err = c.removeLabel(ctx, p, change.Name, label, is.Version, a)
		default:
			effect, err = c.moveLabel(ctx, p, change, label, a)
		}
		if err != nil {
			return effect, err
		}
	}
	if len(kept) > 0 {
		return plan.Effect{Kept: strings.Join(kept, ", ") + " by now, which somebody else has done"}, nil
	}
	return plan.Effect{}, nil
}

// labelNow tells where a label is that somebody else has moved.
func labelNow(label string, is sharing.StoredParameter) string {
	if !is.Exists() {
		return "no version has the label " + label
	}
	return fmt.Sprintf("%s with %q has the label %s", version(is.Version), is.Value, label)
}

// moveLabel puts a label back on the version that had it.
func (c *Client) moveLabel(ctx context.Context, p clients.Place, change plan.RestoreLabels, label string, a diagnose.Act) (plan.Effect, error) {
	to := change.Move[label]
	a.Doing = fmt.Sprintf("putting the label %s back on %s of the parameter %s", label, version(to), change.Name)
	ctx, tries := clients.Watched(ctx)
	_, err := c.SSM(p).LabelParameterVersion(ctx, &ssm.LabelParameterVersionInput{Name: &change.Name, ParameterVersion: &to, Labels: []string{label}})
	return c.settle(ctx, err, a, tries, func(ctx context.Context) (bool, error) {
		versions, err := c.versionsOf(ctx, p, change.Name, []string{label})
		return versions[label] == to, err
	})
}

// removeLabel takes a label from a version. A version that is gone has none.
func (c *Client) removeLabel(ctx context.Context, p clients.Place, name, label string, from int64, a diagnose.Act) (plan.Effect, error) {
	a.Action = "ssm:UnlabelParameterVersion"
	ctx, tries := clients.Watched(ctx)
	_, err := c.SSM(p).UnlabelParameterVersion(ctx, &ssm.UnlabelParameterVersionInput{Name: &name, ParameterVersion: &from, Labels: []string{label}})
	return c.settle(ctx, err, a, tries, func(ctx context.Context) (bool, error) {
		versions, err := c.versionsOf(ctx, p, name, []string{label})
		return err == nil && versions[label] != from, err
	})
}
