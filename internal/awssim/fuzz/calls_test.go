// SPDX-License-Identifier: MPL-2.0

package fuzz_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/shapes"
)

// world has one of everything, and an administrator.
const world = `{"accounts":[{"id":"111111111111","name":"amazon","users":[{"name":"admin","access_key_id":"AKIA","secret_access_key":"s",
	"policies":[{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}]}],
	"roles":[{"name":"worker","trust_policy":{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:*"}}}],
	"keys":[{"region":"us-east-1","id":"11111111-1111-4111-8111-111111111111","aliases":["alias/ami"]}],
	"regions":{"us-east-1":{"snapshots":[{"id":"snap-cmk","kms_key":"alias/ami"}],"images":[{"id":"ami-cmk","block_devices":[{"snapshot":"snap-cmk"}]}],
	"parameters":[{"name":"/a/b","value":"ami-cmk","labels":["live"]}],
	"launch_templates":[{"name":"web","image":"ami-cmk"}],"auto_scaling_groups":[{"name":"web","launch_template":"web","desired_capacity":1}]}}}]}`

// inputs are what the fuzzer starts from.
var inputs = []string{
	"ImageId=ami-cmk&LaunchPermission.Add.1.UserId=222222222222",
	"ImageId.1=ami-cmk&Filter.1.Name=name&Filter.1.Value.1=*",
	"Filter.1.Name=block-device-mapping.encrypted&Filter.1.Value.1=true&MaxResults=5&NextToken=page-from-1",
	"RoleName=worker&PolicyName=p&PolicyDocument={}",
	"MaxItems=1&Marker=9",
	"ImageId=ami-cmk&MinCount=1&MaxCount=2&BlockDeviceMapping.1.DeviceName=/dev/xvda&BlockDeviceMapping.1.Ebs.KmsKeyId=alias/ami&BlockDeviceMapping.1.Ebs.Encrypted=true",
	"AutoScalingGroupName=web&DesiredCapacity=0",
	"AutoScalingGroupName=new&MinSize=0&MaxSize=9&DesiredCapacity=9&LaunchTemplate.LaunchTemplateName=web&LaunchTemplate.Version=$Latest&AvailabilityZones.member.1=x",
	"AutoScalingGroupName=mixed&MinSize=0&MaxSize=9&DesiredCapacity=1&AvailabilityZones.member.1=x&MixedInstancesPolicy.LaunchTemplate.LaunchTemplateSpecification.LaunchTemplateName=web" +
		"&MixedInstancesPolicy.LaunchTemplate.LaunchTemplateSpecification.Version=1&MixedInstancesPolicy.LaunchTemplate.Overrides.member.1.ImageId=ami-cmk&MixedInstancesPolicy.InstancesDistribution.OnDemandBaseCapacity=1",
	"RoleArn=arn:aws:iam::111111111111:role/worker&RoleSessionName=xx&WebIdentityToken=eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJodHRwczovL3gifQ.AAAA",
	"RoleArn=arn:aws:iam::111111111111:role/worker&RoleSessionName=xx&Tags.member.1.Key=a&PolicyArns.member.1.arn=x&DurationSeconds=900",
	"SourceImageId=ami-cmk&SourceRegion=::&Name=abc", "SourceImageId=ami-cmk&SourceRegion=us-east-1&Name=abc&Encrypted=true",
	"ResourceId.1=ami-cmk&Tag.1.Key=a&Tag.1.Value=%ff", "VolumeId=vol-0&InstanceId=i-&Device=", "AvailabilityZone=a&SnapshotId=snap-cmk",
	`{"KeyId":"alias/ami","Limit":1,"Marker":"AE0"}`, `{"KeyId":":::::alias/"}`, `{"KeyId":"arn:aws:kms:us-east-1"}`,
	`{"KeyId":"11111111-1111-4111-8111-111111111111","GranteePrincipal":"arn:aws:iam::111111111111:root","Operations":["Decrypt"],"Constraints":{"EncryptionContextSubset":{"a":"b"}}}`,
	`{"CiphertextBlob":"YXJuOmF3czo6CngK"}`, `{"TagFilters":[{"Key":"a","Values":["b"]}],"PaginationToken":"1"}`, `{"ResourcesPerPage":-1}`,
	`{"Name":"/a/web","Value":"ami-cmk","DataType":"aws:ec2:image","Type":"String","Overwrite":true}`, `{"Name":"/a/b:-1"}`, `{"Names":["/a/b:live",":",""]}`,
	`{"Name":"/a/b","Labels":["live","1"]}`, `{"ResourceType":"Parameter","ResourceId":"/a/b","Tags":[{"Key":"a"}],"TagKeys":["a"]}`,
	`{"Policy":"{}"}`, `{"AliasName":"alias/","TargetKeyId":"alias/ami"}`, `null`, `[]`, ``,
}

// FuzzCalls gives every action any input: none may panic, end in an error that is not AWS's own kind, or answer with what
// is no document.
func FuzzCalls(f *testing.F) {
	loaded, err := awssim.Load(strings.NewReader(world))
	if err != nil {
		f.Fatal(err)
	}
	server, err := awssim.New(loaded)
	if err != nil {
		f.Fatal(err)
	}
	actions := server.Actions()
	for i := range actions {
		for _, input := range inputs {
			service, _, _ := strings.Cut(actions[i], ":")
			if fits(service, input) {
				f.Add(uint(i), input)
			}
		}
	}
	f.Fuzz(func(t *testing.T, which uint, input string) {
		server, err := awssim.New(loaded)
		if err != nil {
			t.Fatal(err)
		}
		action := actions[which%uint(len(actions))]
		// Twice, as the first call may make what the second needs, and then the looks that move things on.
		for range 2 {
			makeCall(t, server, action, input)
		}
		for _, look := range []string{"ec2:DescribeInstances", "ec2:DescribeImages", "autoscaling:DescribeAutoScalingGroups"} {
			makeCall(t, server, look, "")
		}
		if !json.Valid(server.State()) {
			t.Error("the state is no JSON")
		}
	})
}

// TestEveryActionIsFuzzed: the fuzzer starts from each action of each service, and writes to each service as its clients do.
func TestEveryActionIsFuzzed(t *testing.T) {
	server, err := awssim.New(awssim.World{})
	if err != nil {
		t.Fatal(err)
	}
	for _, action := range server.Actions() {
		service, _, _ := strings.Cut(action, ":")
		if wire := wires[service]; wire.signedFor == "" || (wire.target == "") == (wire.version == "") {
			t.Errorf("%s: the fuzzer does not know how to write to %s", action, service)
		}
		if !slices.ContainsFunc(inputs, func(input string) bool { return fits(service, input) }) {
			t.Errorf("%s: no input is of its protocol", action)
		}
	}
}

// fits tells whether an input is written as a service reads.
func fits(service, input string) bool {
	json := strings.HasPrefix(input, "{") || len(input) < 5
	return json == (wires[service].target != "") || input == ""
}

// wires are the services as clients write to them: the name that signs, the version or the target.
var wires = map[string]struct{ signedFor, version, target string }{
	"ec2": {"ec2", "2016-11-15", ""}, "sts": {"sts", "2011-06-15", ""}, "iam": {"iam", "2010-05-08", ""}, "autoscaling": {"autoscaling", "2011-01-01", ""},
	"kms": {"kms", "", "TrentService"}, "ssm": {"ssm", "", "AmazonSSM"}, "organizations": {"organizations", "", "AWSOrganizationsV20161128"}, "tag": {"tagging", "", "ResourceGroupsTaggingAPI_20170126"},
}

func makeCall(t *testing.T, server *awssim.Server, action, input string) {
	t.Helper()
	service, name, _ := strings.Cut(action, ":")
	wire, body := wires[service], input
	if wire.target == "" {
		body = "Action=" + name + "&Version=" + wire.version + "&" + input
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://localhost/", strings.NewReader(body))
	if wire.target != "" {
		r.Header.Set("X-Amz-Target", wire.target+"."+name)
	}
	sum := sha256.Sum256([]byte(body))
	err := v4.NewSigner().SignHTTP(t.Context(), aws.Credentials{AccessKeyID: "AKIA", SecretAccessKey: "s"}, r, hex.EncodeToString(sum[:]), wire.signedFor, "us-east-1", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	answer := httptest.NewRecorder()
	server.ServeHTTP(answer, r)
	if answer.Code != http.StatusOK && (answer.Code < 400 || answer.Code > 499) {
		t.Errorf("%s of %q: %d %s", action, input, answer.Code, answer.Body)
	}
	if answer.Code == http.StatusOK {
		for _, wrong := range shapes.Check(action, answer.Body.Bytes()) {
			t.Errorf("%s of %q: %s", action, input, wrong)
		}
	}
	if wire.target != "" {
		if !json.Valid(answer.Body.Bytes()) {
			t.Errorf("%s of %q: no JSON: %s", action, input, answer.Body)
		}
		return
	}
	decoder := xml.NewDecoder(answer.Body)
	for {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("%s of %q: no XML: %v", action, input, err)
		}
	}
}
