// SPDX-License-Identifier: MPL-2.0

package key_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

const packerRole = "arn:aws:iam::" + source + ":role/packer"

// TestTransitiveTagsGoAlong runs Packer as a role whose session has a transitive tag, as EKS Pod Identity makes one.
func TestTransitiveTagsGoAlong(t *testing.T) {
	for name, test := range map[string]struct {
		transitive bool
		want       string
	}{
		"handed out for them":    {true, ""},
		"handed out for no tags": {false, "sts:TagSession"},
	} {
		t.Run(name, func(t *testing.T) {
			receiver := target(options{"assume_role": options{"role_name": "ami-share", "external_id": externalID}})
			data := block(options{"target": []options{receiver}, "trusted_principals": []string{packerRole}, "transitive_tags": test.transitive})
			serve(t, jobWorld(administrators(), source))
			d := handedOut(t, data)
			w := jobWorld(d, source)
			withRole(&w)
			w.Accounts[1].ServiceLinkedRoles = append(w.Accounts[1].ServiceLinkedRoles, "autoscaling.amazonaws.com")
			w.Accounts[0].Users[0].Policies = policies(anything)
			w.Accounts[0].Roles = []awssim.WorldRole{{Name: "packer", Policies: []json.RawMessage{d.source}, TrustPolicy: administrators().targetTrust}}
			serve(t, w)
			asTaggedSession(t)
			_, err := execute(data)
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("the error is %v, want %q", err, test.want)
			}
		})
	}
}

// asTaggedSession works as a session of Packer's role from now on.
func asTaggedSession(t *testing.T) {
	t.Helper()
	out, err := sts.NewFromConfig(sdk("AKIASOURCE0000000000", frankfurt)).AssumeRole(t.Context(), &sts.AssumeRoleInput{
		RoleArn: aws.String(packerRole), RoleSessionName: aws.String("pod"),
		Tags: []types.Tag{{Key: aws.String("kubernetes-namespace"), Value: aws.String("ci")}}, TransitiveTagKeys: []string{"kubernetes-namespace"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", *out.Credentials.AccessKeyId)
	t.Setenv("AWS_SECRET_ACCESS_KEY", *out.Credentials.SecretAccessKey)
	t.Setenv("AWS_SESSION_TOKEN", *out.Credentials.SessionToken)
}
