// SPDX-License-Identifier: MPL-2.0

package awsapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/amishare/packer-plugin-ami-share/internal/awsapi"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// An AMI is looked at, shared with another account, and taken back.
func Example() {
	everything := json.RawMessage(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)
	local, err := awssim.New(awssim.World{Accounts: []awssim.WorldAccount{{
		ID:    "111111111111",
		Users: []awssim.WorldUser{{Name: "ci", AccessKeyID: "AKIAEXAMPLE", SecretAccessKey: "secret", Policies: []json.RawMessage{everything}}},
		Regions: map[string]awssim.WorldRegion{"eu-central-1": {
			Images: []awssim.WorldImage{{ID: "ami-0123456789abcdef0", Name: "golden"}},
		}},
	}, {ID: "222222222222"}}})
	if err != nil {
		panic(err)
	}
	server := httptest.NewServer(local)
	defer server.Close()

	ctx := context.Background()
	client := awsapi.New(clients.New(aws.Config{
		Region: "eu-central-1", BaseEndpoint: aws.String(server.URL),
		Credentials: credentials.NewStaticCredentialsProvider("AKIAEXAMPLE", "secret", ""),
	}, nil, clients.Options{}), awsapi.Options{})
	image := sharing.ImageRef{Region: "eu-central-1", ID: "ami-0123456789abcdef0"}
	show := func() {
		facts, err := client.Observe(ctx, sharing.Request{Images: []sharing.ImageRef{image}})
		fmt.Println(facts.Images[0].Name, facts.Images[0].State, facts.Images[0].LaunchPermissions, err)
	}

	show()
	share := plan.ModifyLaunchPermission{Image: image, Recipients: []sharing.Recipient{sharing.Account("222222222222")}}
	undo, err := client.Undo(ctx, share)
	fmt.Println("undo:", undo, err)
	_, err = client.Do(ctx, share)
	fmt.Println(err)
	show()
	_, err = client.Do(ctx, undo)
	fmt.Println(err)
	show()
	fmt.Println(client.Stats().Calls["ec2:ModifyImageAttribute"], "writes")
	// Output:
	// golden available [] <nil>
	// undo: stop sharing the AMI ami-0123456789abcdef0 with 1 recipient <nil>
	// <nil>
	// golden available [{account 222222222222}] <nil>
	// <nil>
	// golden available [] <nil>
	// 2 writes
}
