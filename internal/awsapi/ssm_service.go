// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

type ssmService struct {
	DeleteParameter         operation[ssm.DeleteParameterInput, ssm.DeleteParameterOutput, ssm.Options]
	GetParameter            operation[ssm.GetParameterInput, ssm.GetParameterOutput, ssm.Options]
	LabelParameterVersion   operation[ssm.LabelParameterVersionInput, ssm.LabelParameterVersionOutput, ssm.Options]
	PutParameter            operation[ssm.PutParameterInput, ssm.PutParameterOutput, ssm.Options]
	UnlabelParameterVersion operation[ssm.UnlabelParameterVersionInput, ssm.UnlabelParameterVersionOutput, ssm.Options]
}

func newSSM(config aws.Config) func(origin) ssmService {
	client := ssm.NewFromConfig(config)
	return func(o origin) ssmService {
		set := func(options *ssm.Options) { o.set(&options.Region, &options.Credentials) }
		return ssmService{
			DeleteParameter:         from(o, client.DeleteParameter, set),
			GetParameter:            from(o, client.GetParameter, set),
			LabelParameterVersion:   from(o, client.LabelParameterVersion, set),
			PutParameter:            from(o, client.PutParameter, set),
			UnlabelParameterVersion: from(o, client.UnlabelParameterVersion, set),
		}
	}
}

func (c *Client) ssm(p place) ssmService {
	s, o := c.from(p)
	return s.ssm(o)
}
