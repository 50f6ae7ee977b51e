// SPDX-License-Identifier: MPL-2.0

package clients

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

// SSM are the operations of Systems Manager that the plugin uses.
type SSM struct {
	DeleteParameter         Operation[ssm.DeleteParameterInput, ssm.DeleteParameterOutput, ssm.Options]
	GetParameter            Operation[ssm.GetParameterInput, ssm.GetParameterOutput, ssm.Options]
	GetParameterHistory     Operation[ssm.GetParameterHistoryInput, ssm.GetParameterHistoryOutput, ssm.Options]
	LabelParameterVersion   Operation[ssm.LabelParameterVersionInput, ssm.LabelParameterVersionOutput, ssm.Options]
	PutParameter            Operation[ssm.PutParameterInput, ssm.PutParameterOutput, ssm.Options]
	UnlabelParameterVersion Operation[ssm.UnlabelParameterVersionInput, ssm.UnlabelParameterVersionOutput, ssm.Options]
}

func newSSM(config aws.Config) func(origin) SSM {
	client := ssm.NewFromConfig(config)
	return func(o origin) SSM {
		set := func(options *ssm.Options) { o.set(&options.Region, &options.Credentials) }
		return SSM{
			DeleteParameter:         from(&o, client.DeleteParameter, set),
			GetParameter:            from(&o, client.GetParameter, set),
			GetParameterHistory:     from(&o, client.GetParameterHistory, set),
			LabelParameterVersion:   from(&o, client.LabelParameterVersion, set),
			PutParameter:            from(&o, client.PutParameter, set),
			UnlabelParameterVersion: from(&o, client.UnlabelParameterVersion, set),
		}
	}
}
