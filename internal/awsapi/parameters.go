// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"context"
	"strconv"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

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

// versionsOf reads which versions of a parameter have labels.
func (c *Client) versionsOf(ctx context.Context, p clients.Place, name string, labels []string) (map[string]int64, error) {
	labelled, err := c.labelled(ctx, p, name, labels)
	byLabel := map[string]int64{}
	for label, version := range labelled {
		byLabel[label] = version.Version
	}
	return byLabel, err
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
func (c *Client) parameters(ctx context.Context, account sharing.AccountID, regions []sharing.Region, wanted []sharing.Parameter,
	problem func(error, sharing.Region, diagnose.Act),
) sharing.StoredParameters {
	if len(wanted) == 0 {
		return nil
	}
	stored := sharing.StoredParameters{}
	var mu sync.Mutex
	parallel.Each(regions, func(_ int, region sharing.Region) {
		parallel.Each(wanted, func(_ int, parameter sharing.Parameter) {
			p := clients.Place{Account: account, Region: region}
			var there sharing.StoredParameter
			var labels map[string]int64
			var err, labelErr error
			parallel.Together(
				func() { there, err = c.getParameter(ctx, p, parameter.Name) },
				func() { labels, labelErr = c.versionsOf(ctx, p, parameter.Name, parameter.Labels) },
			)
			if err == nil {
				err = labelErr
			}
			if err != nil {
				problem(err, region, diagnose.Act{
					Doing: "reading the parameter " + parameter.Name, Action: "ssm:GetParameter", Resource: c.parameterARN(account, region, parameter.Name),
				})
				return
			}
			there.Labels = labels
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
	return o.parameters(ctx, "", regionsOf(o.request.Images), o.request.Announcements.Parameters, func(err error, region sharing.Region, a diagnose.Act) {
		a.Scope = sharing.Scope{Region: region}
		o.problem(err, a)
	})
}
