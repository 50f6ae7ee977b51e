// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/parallel"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// getParameter reads a parameter. One that does not exist is no error; of one that is being validated the value before is read.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html
func (c *Client) getParameter(ctx context.Context, p clients.Place, name string) (sharing.StoredParameter, error) {
	out, err := c.SSM(p).GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String(name)})
	switch diagnose.Code(err) {
	case "ParameterNotFound", "ParameterVersionNotFound":
		return sharing.StoredParameter{}, nil
	}
	if err != nil {
		return sharing.StoredParameter{}, err
	}
	return sharing.StoredParameter{
		Version: out.Parameter.Version, Value: aws.ToString(out.Parameter.Value), DataType: aws.ToString(out.Parameter.DataType),
	}, nil
}

// wholeParameter reads a parameter with all that an overwriting call may take from it where it does not name it again: AWS's pages leave
// that open. DescribeParameters tells it too, and takes a permission on all parameters of the account.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameterHistory.html
func (c *Client) wholeParameter(ctx context.Context, p clients.Place, name string) (sharing.StoredParameter, error) {
	versions, err := clients.Pages("ssm:GetParameterHistory", func(token *string) (*ssm.GetParameterHistoryOutput, error) {
		return c.SSM(p).GetParameterHistory(ctx, &ssm.GetParameterHistoryInput{Name: &name, NextToken: token})
	}, func(out *ssm.GetParameterHistoryOutput) ([]types.ParameterHistory, *string) {
		return out.Parameters, out.NextToken
	})
	switch {
	case diagnose.Has(err, "ParameterNotFound"):
		return sharing.StoredParameter{}, nil
	case err != nil || len(versions) == 0:
		return sharing.StoredParameter{}, err
	}
	newest := slices.MaxFunc(versions, func(a, b types.ParameterHistory) int { return cmp.Compare(a.Version, b.Version) })
	return sharing.StoredParameter{
		Version: newest.Version, Value: aws.ToString(newest.Value), DataType: aws.ToString(newest.DataType),
		Description: aws.ToString(newest.Description), AllowedPattern: aws.ToString(newest.AllowedPattern), Tier: string(newest.Tier),
	}, nil
}

// versionsOf reads which versions of a parameter have labels.
func (c *Client) versionsOf(ctx context.Context, p clients.Place, name string, labels []string) (map[string]int64, error) {
	labelled, err := c.labelled(ctx, p, name, labels)
	byLabel := map[string]int64{}
	for label, version := range labelled {
		byLabel[label] = version.Version
	}
	return byLabel, err
}

// versionsBeside is versionsOf at the same time as another read of the parameter, whose error goes first.
func (c *Client) versionsBeside(ctx context.Context, p clients.Place, name string, labels []string, read func() error) (versions map[string]int64, err error) {
	var labelErr error
	parallel.Together(
		func() { err = read() },
		func() { versions, labelErr = c.versionsOf(ctx, p, name, labels) },
	)
	if err == nil {
		err = labelErr
	}
	return versions, err
}

// allOn tells whether a version has all of the labels.
func allOn(version int64, labels []string, versions map[string]int64) bool {
	return !slices.ContainsFunc(labels, func(label string) bool { return versions[label] != version })
}

// labelled reads the versions of a parameter that have labels. A label that none has is left out.
func (c *Client) labelled(ctx context.Context, p clients.Place, name string, labels []string) (map[string]sharing.StoredParameter, error) {
	versions := make([]sharing.StoredParameter, len(labels))
	errs := make([]error, len(labels))
	parallel.Each(labels, func(i int, label string) {
		versions[i], errs[i] = c.getParameter(ctx, p, name+":"+label)
	})
	byLabel := map[string]sharing.StoredParameter{}
	for i, label := range labels {
		if errs[i] != nil {
			return nil, errs[i]
		}
		if versions[i].Exists() {
			byLabel[label] = versions[i]
		}
	}
	return byLabel, nil
}

// parameters reads parameters in Regions of a place's account, with their labels. What can't be read is handed to problem.
func (c *Client) parameters(ctx context.Context, account sharing.AccountID, regions []sharing.Region, wanted []sharing.Parameter, images []sharing.ImageRef,
	problem func(error, sharing.Region, diagnose.Act),
) sharing.StoredParameters {
	if len(wanted) == 0 {
		return nil
	}
	stored := sharing.StoredParameters{}
	var mu sync.Mutex
	parallel.Each(regions, func(_ int, region sharing.Region) {
		parallel.Each(wanted, func(_ int, parameter sharing.Parameter) {
			there, action, err := c.parameter(ctx, clients.Place{Account: account, Region: region}, parameter, images)
			if err != nil {
				problem(err, region, diagnose.Act{
					Doing: "reading the parameter " + parameter.Name, Action: action, Resource: c.parameterARN(account, region, parameter.Name),
				})
				return
			}
			mu.Lock()
			defer mu.Unlock()
			if stored[region] == nil {
				stored[region] = map[string]sharing.StoredParameter{}
			}
			stored[region][parameter.Name] = there
		})
	})
	return stored
}

// parameter reads a parameter with its labels, and all of one that is to be overwritten. The action is the one that the error is of.
func (c *Client) parameter(ctx context.Context, p clients.Place, parameter sharing.Parameter, images []sharing.ImageRef) (there sharing.StoredParameter, action string, err error) {
	labels, err := c.versionsBeside(ctx, p, parameter.Name, parameter.Labels, func() (err error) {
		there, err = c.getParameter(ctx, p, parameter.Name)
		return err
	})
	action = "ssm:GetParameter"
	done := slices.ContainsFunc(images, func(image sharing.ImageRef) bool { return image.Region == p.Region && there.Holds(image.ID, parameter) })
	if err == nil && there.Exists() && !done {
		action = "ssm:GetParameterHistory"
		there, err = c.wholeParameter(ctx, p, parameter.Name)
	}
	there.Labels = labels
	return there, action, err
}

// parameterARN is a parameter's ARN, with "*" for an account that is not known: the source's.
func (c *Client) parameterARN(account sharing.AccountID, region sharing.Region, name string) string {
	if account == "" {
		account = "*"
	}
	return sharing.ParameterARN(c.Partition(), region, account, name)
}

// placeOfAnnouncement is where something is announced from.
func placeOfAnnouncement(w plan.Where) clients.Place {
	if w.Source {
		return clients.Place{Region: w.Image.Region}
	}
	return clients.Place{Account: w.Account, Region: w.Image.Region}
}

func (c *Client) parameterAct(w plan.Where, doing, action, name string) diagnose.Act {
	a := diagnose.Act{
		Scope: sharing.Scope{Account: w.Account, Region: w.Image.Region}, Doing: doing + " " + name, Action: action,
		Resource: sharing.ParameterARN(c.Partition(), w.Image.Region, w.Account, name),
	}
	if !w.Source {
		a.Principal = c.Principal(w.Account)
	}
	return a
}

// mayAnnounce tells whether there are credentials for where something is announced.
func (c *Client) mayAnnounce(w plan.Where) bool { return w.Source || c.Enters(w.Account) }

func version(n int64) string { return "version " + strconv.FormatInt(n, 10) }

// ownParameters reads those of the AMIs' own account.
func (o *observation) ownParameters(ctx context.Context) sharing.StoredParameters {
	return o.parameters(ctx, "", regionsOf(o.request.Images), o.request.Announcements.Parameters, o.request.Images, func(err error, region sharing.Region, a diagnose.Act) {
		a.Scope = sharing.Scope{Region: region}
		o.problem(err, a)
	})
}
