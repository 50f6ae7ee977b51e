// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
	"github.com/amishare/packer-plugin-ami-share/internal/traffic"
)

// addTemplateVersion makes a version with the AMI. What AWS finds wrong with it is told: it is made all the same.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateLaunchTemplateVersion.html
func (c *Client) addTemplateVersion(ctx context.Context, change plan.AddTemplateVersion) (plan.Effect, error) {
	a := c.templateAct(change.Where, "making a version of", "ec2:CreateLaunchTemplateVersion", change.Template, change.ID)
	if !c.mayAnnounce(change.Where) {
		return plan.Effect{}, clients.NoCredentials(a, change.Account)
	}
	ctx, tries := clients.Watched(ctx)
	out, err := c.EC2(placeOfAnnouncement(change.Where)).CreateLaunchTemplateVersion(ctx, templateVersionInput(change, false))
	if err == nil && out.Warning != nil && len(out.Warning.Errors) > 0 {
		var words []string
		for _, found := range out.Warning.Errors {
			words = append(words, aws.ToString(found.Code)+": "+aws.ToString(found.Message))
		}
		return plan.Effect{Warning: &sharing.Problem{
			Scope: a.Scope, Doing: a.Doing, Cause: "AWS has made it and finds that it can't be launched as it is: " + strings.Join(words, "; "),
			Remedy: "Mend the version that it is made of, or name another one, as in \"" + change.Template.Named + ":3\".",
		}}, nil
	}
	return c.settle(ctx, err, a, tries, func(ctx context.Context) (bool, error) {
		own, _, err := c.versionsWith(ctx, change.Where, change.ID, change.Note)
		return len(own) > 0, err
	})
}

// templateVersionInput names no ClientToken. The SDK gives all attempts of a call the same one, so that one whose answer is lost makes
// one version. Of another run it would be another: a version that was deleted in a rollback has to be made again.
func templateVersionInput(change plan.AddTemplateVersion, dry bool) *ec2.CreateLaunchTemplateVersionInput {
	source := change.Template.Source
	if source == "" {
		source = defaultVersion
	}
	in := &ec2.CreateLaunchTemplateVersionInput{
		LaunchTemplateId: &change.ID, SourceVersion: &source, VersionDescription: &change.Note,
		LaunchTemplateData: &types.RequestLaunchTemplateData{ImageId: &change.Image.ID},
	}
	if dry {
		in.DryRun = aws.Bool(true)
	}
	return in
}

// setDefaultVersion makes a version with the AMI the default: the one that the run has made, once EC2 shows it. A default version
// that another run has made for the same AMI stays.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyLaunchTemplate.html
func (c *Client) setDefaultVersion(ctx context.Context, change plan.SetDefaultVersion) (plan.Effect, error) {
	a := c.templateAct(change.Where, "setting the default version of", "ec2:ModifyLaunchTemplate", change.Template, change.ID)
	if change.Version > 0 {
		return c.pointTemplate(ctx, change.Where, change.ID, change.Version, a)
	}
	own, isDefault, err := c.awaitVersions(ctx, c.options.LookAgain, change.Where, change.ID, change.Note)
	switch {
	case err != nil:
		a.Action, a.Resource = "ec2:DescribeLaunchTemplateVersions", "*"
		return plan.Effect{}, diagnose.Error(err, a)
	case isDefault > 0:
		return plan.Effect{Found: true}, nil
	case len(own) == 0:
		return plan.Effect{}, sharing.Problem{
			Scope: a.Scope, Doing: a.Doing, Cause: "EC2 does not show the version with " + change.Image.ID + " that this run has made",
			Remedy: "Run again. If it stays so, somebody deletes the versions.",
		}
	}
	return c.pointTemplate(ctx, change.Where, change.ID, slices.Max(own), a)
}

func (c *Client) pointTemplate(ctx context.Context, w plan.Where, id string, number int64, a diagnose.Act) (plan.Effect, error) {
	ctx, tries := clients.Watched(ctx)
	_, err := c.EC2(placeOfAnnouncement(w)).ModifyLaunchTemplate(ctx, &ec2.ModifyLaunchTemplateInput{
		LaunchTemplateId: &id, DefaultVersion: aws.String(strconv.FormatInt(number, 10)),
	})
	return c.settle(ctx, err, a, tries, func(ctx context.Context) (bool, error) {
		stored, err := c.template(ctx, placeOfAnnouncement(w), sharing.LaunchTemplate{Named: id})
		return stored.Default.Number == number, err
	})
}

// undoTemplate reads a launch template right before it is changed.
func (c *Client) undoTemplate(ctx context.Context, w plan.Where, template sharing.LaunchTemplate, id string) (sharing.StoredTemplate, error) {
	a := c.templateAct(w, "reading before it is changed", "ec2:DescribeLaunchTemplateVersions", template, id)
	if !c.mayAnnounce(w) {
		return sharing.StoredTemplate{}, clients.NoCredentials(a, w.Account)
	}
	stored, err := c.template(ctx, placeOfAnnouncement(w), sharing.LaunchTemplate{Named: id})
	if err != nil {
		a.Resource = "*"
		return stored, diagnose.Error(err, a)
	}
	return stored, nil
}

func (c *Client) undoDefaultVersion(ctx context.Context, change plan.SetDefaultVersion) (plan.Change, error) {
	stored, err := c.undoTemplate(ctx, change.Where, change.Template, change.ID)
	if err != nil || stored.Default.Image == change.Image.ID {
		return nil, err
	}
	undo := change.Undo()
	undo.Previous = stored.Default.Number
	return undo, nil
}

// restoreDefaultVersion points a launch template back, unless somebody else has pointed it elsewhere.
func (c *Client) restoreDefaultVersion(ctx context.Context, change plan.RestoreDefaultVersion) (plan.Effect, error) {
	var stored sharing.StoredTemplate
	err := traffic.PollFor(ctx, c.readBackTime(), func(ctx context.Context) (done bool, err error) {
		stored, err = c.undoTemplate(ctx, change.Where, change.Template, change.ID)
		return err != nil || stored.Default.Number != change.Previous, err // a read may be answered with what was there before
	})
	switch is := stored.Default; {
	case err != nil:
		return plan.Effect{}, err
	case is.Number == change.Previous:
		return plan.Effect{}, nil
	case is.Number != change.Version && is.Note != change.Note:
		return plan.Effect{Kept: fmt.Sprintf("the default version is %d by now, which somebody else has set", is.Number)}, nil
	}
	return c.pointTemplate(ctx, change.Where, change.ID, change.Previous, c.templateAct(change.Where, "taking back the default version of", "ec2:ModifyLaunchTemplate", change.Template, change.ID))
}

// removeTemplateVersion deletes the version with the AMI that the run has made.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteLaunchTemplateVersions.html
func (c *Client) removeTemplateVersion(ctx context.Context, change plan.RemoveTemplateVersion) (plan.Effect, error) {
	a := c.templateAct(change.Where, "deleting a version of", "ec2:DeleteLaunchTemplateVersions", change.Template, change.ID)
	numbers, _, err := c.awaitVersions(ctx, c.readBackTime(), change.Where, change.ID, change.Note)
	if err != nil {
		a.Action, a.Resource = "ec2:DescribeLaunchTemplateVersions", "*"
		return plan.Effect{}, diagnose.Error(err, a)
	}
	if len(numbers) == 0 {
		return plan.Effect{}, nil
	}
	var words []string
	for _, number := range numbers {
		words = append(words, strconv.FormatInt(number, 10))
	}
	ctx, tries := clients.Watched(ctx)
	out, err := c.EC2(placeOfAnnouncement(change.Where)).DeleteLaunchTemplateVersions(ctx, &ec2.DeleteLaunchTemplateVersionsInput{LaunchTemplateId: &change.ID, Versions: words})
	if err != nil {
		return c.settle(ctx, err, a, tries, func(ctx context.Context) (bool, error) {
			numbers, _, err := c.versionsWith(ctx, change.Where, change.ID, change.Note)
			return len(numbers) == 0, err
		})
	}
	for _, left := range out.UnsuccessfullyDeletedLaunchTemplateVersions {
		if left.ResponseError != nil && left.ResponseError.Code != types.LaunchTemplateErrorCodeLaunchTemplateVersionDoesNotExist {
			return plan.Effect{}, sharing.Problem{
				Scope: a.Scope, Doing: a.Doing, Code: string(left.ResponseError.Code), Cause: aws.ToString(left.ResponseError.Message),
				Remedy: "Somebody may have made it the default: make another version the default, and delete it.",
			}
		}
	}
	return plan.Effect{}, nil
}
