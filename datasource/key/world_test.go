// SPDX-License-Identifier: MPL-2.0

package key_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/amishare/packer-plugin-ami-share/datasource/key"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

const (
	source     = "111111111111"
	targetID   = "222222222222"
	keyID      = "1234abcd-12ab-34cd-56ef-1234567890ab"
	externalID = "golden-images"
	frankfurt  = "eu-central-1"
	virginia   = "us-east-1"
	sourceUser = "arn:aws:iam::" + source + ":user/packer"
	shareRole  = "arn:aws:iam::" + targetID + ":role/ami-share"
	scaling    = "arn:aws:iam::" + targetID + ":role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
)

// anything allows all actions, as an administrator's policy does.
const anything = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`

func keyARN(region string) string { return "arn:aws:kms:" + region + ":" + source + ":key/" + keyID }

// delegating is the policy that a key has by default, with further statements.
func delegating(account string, statements ...string) json.RawMessage {
	all := fmt.Sprintf(`{"Sid":"Owner","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::%s:root"},"Action":"kms:*","Resource":"*"}`, account)
	for _, s := range statements {
		all += "," + s
	}
	return json.RawMessage(`{"Version":"2012-10-17","Statement":[` + all + `]}`)
}

// letIn is the statement that a key's policy needs for the grants.
const letIn = `{"Sid":"Grants","Effect":"Allow","Principal":{"AWS":"` + shareRole + `"},"Action":"kms:CreateGrant","Resource":"*"}`

// theWorld has a key in two Regions and a target whose role may create grants on it: everything is as it should be.
func theWorld() awssim.World {
	sharingKey := func(region string) awssim.WorldKey {
		return awssim.WorldKey{
			Region: region, ID: keyID, Aliases: []string{"alias/ami-sharing"}, Policy: delegating(source, letIn),
			Tags: map[string]string{"purpose": "ami-sharing"},
		}
	}
	return awssim.World{Accounts: []awssim.WorldAccount{
		{
			ID:    source,
			Users: []awssim.WorldUser{{Name: "packer", AccessKeyID: "AKIASOURCE0000000000", SecretAccessKey: "secret", Policies: policies(anything)}},
			Keys:  []awssim.WorldKey{sharingKey(frankfurt), sharingKey(virginia)},
		},
		targetAccount(targetID),
	}}
}

func targetAccount(id string) awssim.WorldAccount {
	trust := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::%s:root"},`+
		`"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"%s"}}}]}`, source, externalID)
	return awssim.WorldAccount{
		ID:                 id,
		Roles:              []awssim.WorldRole{{Name: "ami-share", TrustPolicy: json.RawMessage(trust), Policies: policies(anything)}},
		ServiceLinkedRoles: []string{"autoscaling.amazonaws.com"},
	}
}

func policies(documents ...string) []json.RawMessage {
	var all []json.RawMessage
	for _, document := range documents {
		all = append(all, json.RawMessage(document))
	}
	return all
}

// serve runs the local AWS for the length of a test, and points the environment at it.
func serve(t testing.TB, world awssim.World) *awssim.Server {
	t.Helper()
	server, err := awssim.New(world)
	if err != nil {
		t.Fatal(err)
	}
	listening := httptest.NewServer(server)
	t.Cleanup(listening.Close)
	user := world.Accounts[0].Users[0]
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": listening.URL, "AWS_ACCESS_KEY_ID": user.AccessKeyID, "AWS_SECRET_ACCESS_KEY": user.SecretAccessKey,
		"AWS_SESSION_TOKEN": "", "AWS_PROFILE": "", "AWS_REGION": frankfurt, "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONFIG_FILE": filepath.Join(t.TempDir(), "none"), "AWS_SHARED_CREDENTIALS_FILE": filepath.Join(t.TempDir(), "none"),
	} {
		t.Setenv(name, value)
	}
	return server
}

// options are what a data block says.
type options map[string]any

func block(changes ...options) options {
	o := options{"alias": "alias/ami-sharing", "regions": []string{frankfurt, virginia}, "target": []options{target(nil)}}
	for _, change := range changes {
		for name, value := range change {
			o[name] = value
			if value == nil {
				delete(o, name)
			}
		}
	}
	return o
}

func target(change options) options {
	o := options{"account_ids": []string{targetID}, "assume_role": options{"role_name": "ami-share", "external_id": externalID}}
	maps.Copy(o, change)
	return o
}

// execute runs the data source as Packer does.
func execute(o options) (map[string]cty.Value, error) {
	var d key.Datasource
	if err := d.Configure(map[string]any(o)); err != nil {
		return nil, err
	}
	value, err := d.Execute()
	if err != nil {
		return nil, err
	}
	return value.AsValueMap(), nil
}

func mustExecute(t testing.TB, o options) map[string]cty.Value {
	t.Helper()
	output, err := execute(o)
	if err != nil {
		t.Fatal(err)
	}
	return output
}

func list(v cty.Value) []string {
	all := []string{}
	for _, element := range v.AsValueSlice() {
		all = append(all, element.AsString())
	}
	return all
}

func stringMap(v cty.Value) map[string]string {
	all := map[string]string{}
	for name, element := range v.AsValueMap() {
		all[name] = element.AsString()
	}
	return all
}

func operations(list ...string) []string {
	if len(list) == 0 {
		return sharing.DefaultGrantOperations()
	}
	return list
}

func marshal(t *testing.T, v any) json.RawMessage {
	t.Helper()
	document, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return document
}
