// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"context"
	"strconv"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// getParameter reads a parameter. One that does not exist is no error; of one that is being validated the value before is read.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html
func (c *Client) getParameter(ctx context.Context, p place, name string) (sharing.StoredParameter, error) {
	out, err := c.ssm(p).GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String(name)})
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
func (c *Client) versionsOf(ctx context.Context, p place, name string, labels []string) (map[string]int64, error) {
	versions := make([]int64, len(labels))
	errs := make([]error, len(labels))
	each(labels, func(i int, label string) {
		var labelled sharing.StoredParameter
		labelled, errs[i] = c.getParameter(ctx, p, name+":"+label)
		versions[i] = labelled.Version
	})
	byLabel := map[string]int64{}
	for i, label := range labels {
		if errs[i] != nil {
			return nil, errs[i]
		}
		if versions[i] > 0 {
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
	each(regions, func(_ int, region sharing.Region) {
		each(wanted, func(_ int, parameter sharing.Parameter) {
			p := place{account, region}
			var there sharing.StoredParameter
			var labels map[string]int64
			var err, labelErr error
			together(
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
	return sharing.ParameterARN(c.partition(), region, account, name)
}

// placeOfAnnouncement is where something is announced from.
func placeOfAnnouncement(w plan.Where) place {
	if w.Source {
		return place{region: w.Image.Region}
	}
	return place{w.Account, w.Image.Region}
}

func (c *Client) parameterAct(w plan.Where, doing, action, name string) diagnose.Act {
	a := diagnose.Act{
		Scope: sharing.Scope{Account: w.Account, Region: w.Image.Region}, Doing: doing + " " + name, Action: action,
		Resource: sharing.ParameterARN(c.partition(), w.Image.Region, w.Account, name),
	}
	if !w.Source {
		a.Principal = c.principal(w.Account)
	}
	return a
}

// mayAnnounce tells whether there are credentials for where something is announced.
func (c *Client) mayAnnounce(w plan.Where) bool { return w.Source || c.sessions[w.Account] != nil }

func version(n int64) string { return "version " + strconv.FormatInt(n, 10) }

// ownParameters reads those of the AMIs' own account.
func (o *observation) ownParameters(ctx context.Context) sharing.StoredParameters {
	return o.parameters(ctx, "", regionsOf(o.request.Images), o.request.Announcements.Parameters, func(err error, region sharing.Region, a diagnose.Act) {
		a.Scope = sharing.Scope{Region: region}
		o.problem(err, a)
	})
}
