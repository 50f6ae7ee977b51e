// SPDX-License-Identifier: MPL-2.0

package awssim_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

// policyOf is an identity policy of so many characters, and white space that does not count.
func policyOf(size int) *string {
	text := allow(`"ec2:DescribeRegions"`, "")
	var compact map[string]any
	if err := json.Unmarshal([]byte(text), &compact); err != nil {
		panic(err)
	}
	short, err := json.Marshal(compact)
	if err != nil {
		panic(err)
	}
	const more = `"Id":"",`
	padded := "{\n  " + strings.Replace(more, `""`, `"`+strings.Repeat("x", size-len(short)-len(more))+`"`, 1) + string(short[1:]) + "\n\n"
	return &padded
}

// TestSizesOfPolicies: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
func TestSizesOfPolicies(t *testing.T) {
	trustOf := func(size int) *string {
		text := strings.ReplaceAll(strings.ReplaceAll(trust("arn:aws:iam::"+source+":root"), "\n", ""), "\t", "")
		text = strings.Replace(text, `{"Version"`, `{"Id":"`+strings.Repeat("x", size-len(text)-len(`"Id":"",`))+`","Version"`, 1)
		return &text
	}
	for sentence, test := range map[string]struct {
		quota int
		call  func(*iam.Client) error
		want  string
	}{
		"a trust policy of 2,048 characters": {0, func(c *iam.Client) error {
			return only(c.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String("x"), AssumeRolePolicyDocument: trustOf(2048)}))
		}, ""},
		"a trust policy of 2,049 characters": {0, func(c *iam.Client) error {
			return only(c.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String("x"), AssumeRolePolicyDocument: trustOf(2049)}))
		}, "LimitExceeded"},
		"another trust policy of 2,049 characters": {0, func(c *iam.Client) error {
			return only(c.UpdateAssumeRolePolicy(t.Context(), &iam.UpdateAssumeRolePolicyInput{RoleName: aws.String("fresh"), PolicyDocument: trustOf(2049)}))
		}, "LimitExceeded"},
		"the same where AWS has raised the quota": {4096, func(c *iam.Client) error {
			return only(c.UpdateAssumeRolePolicy(t.Context(), &iam.UpdateAssumeRolePolicyInput{RoleName: aws.String("fresh"), PolicyDocument: trustOf(4096)}))
		}, ""},
		"more than the raised quota": {4096, func(c *iam.Client) error {
			return only(c.UpdateAssumeRolePolicy(t.Context(), &iam.UpdateAssumeRolePolicyInput{RoleName: aws.String("fresh"), PolicyDocument: trustOf(4097)}))
		}, "LimitExceeded"},
		"a managed policy of 6,144 characters": {0, func(c *iam.Client) error {
			return only(c.CreatePolicy(t.Context(), &iam.CreatePolicyInput{PolicyName: aws.String("x"), PolicyDocument: policyOf(6144)}))
		}, ""},
		"a managed policy of 6,145 characters": {0, func(c *iam.Client) error {
			return only(c.CreatePolicy(t.Context(), &iam.CreatePolicyInput{PolicyName: aws.String("x"), PolicyDocument: policyOf(6145)}))
		}, "LimitExceeded"},
		"inline policies of 10,240 characters": {0, func(c *iam.Client) error {
			must(t, putInline(t, c, "a", 6000))
			must(t, putInline(t, c, "b", 6000-1760))
			return putInline(t, c, "a", 6000)
		}, ""},
		"inline policies of 10,241 characters": {0, func(c *iam.Client) error {
			must(t, putInline(t, c, "a", 6000))
			return putInline(t, c, "b", 6001-1760)
		}, "LimitExceeded"},
		"ten attached policies": {0, func(c *iam.Client) error { return attachPolicies(t, c, 10) }, ""},
		"eleven":                {0, func(c *iam.Client) error { return attachPolicies(t, c, 11) }, "LimitExceeded"},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			world := computeWorld(t)
			world.Accounts[0].TrustPolicyQuota = test.quota
			client := iam.NewFromConfig(start(t, world).config(t, administrator, home))
			must(t, only(client.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String("fresh"), AssumeRolePolicyDocument: trustOf(500)})))
			if got := code(test.call(client)); got != test.want {
				t.Errorf("code %q, want %q", got, test.want)
			}
		})
	}
}

func putInline(t *testing.T, c *iam.Client, name string, size int) error {
	t.Helper()
	return only(c.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: aws.String("fresh"), PolicyName: &name, PolicyDocument: policyOf(size)}))
}

func attachPolicies(t *testing.T, c *iam.Client, count int) error {
	t.Helper()
	var err error
	for i := range count {
		policy, made := c.CreatePolicy(t.Context(), &iam.CreatePolicyInput{PolicyName: aws.String(fmt.Sprint("p", i)), PolicyDocument: policyOf(200)})
		must(t, made)
		err = only(c.AttachRolePolicy(t.Context(), &iam.AttachRolePolicyInput{RoleName: aws.String("fresh"), PolicyArn: policy.Policy.Arn}))
	}
	return err
}

// TestNamesThatDifferInCaseOnly are one name: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
func TestNamesThatDifferInCaseOnly(t *testing.T) {
	client := iam.NewFromConfig(start(t, computeWorld(t)).config(t, administrator, home))
	document := aws.String(trust("arn:aws:iam::" + source + ":root"))
	must(t, only(client.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String("Fresh"), AssumeRolePolicyDocument: document})))
	must(t, only(client.CreatePolicy(t.Context(), &iam.CreatePolicyInput{PolicyName: aws.String("Fresh"), PolicyDocument: policyOf(200)})))
	for sentence, err := range map[string]error{
		"a role":                   only(client.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String("fRESH"), AssumeRolePolicyDocument: document})),
		"a policy":                 only(client.CreatePolicy(t.Context(), &iam.CreatePolicyInput{PolicyName: aws.String("fresh"), PolicyDocument: policyOf(200)})),
		"a policy in another path": only(client.CreatePolicy(t.Context(), &iam.CreatePolicyInput{PolicyName: aws.String("fresh"), Path: aws.String("/x/"), PolicyDocument: policyOf(200)})),
	} {
		if got := code(err); got != "EntityAlreadyExists" {
			t.Errorf("%s: %q", sentence, got)
		}
	}
	role, err := client.GetRole(t.Context(), &iam.GetRoleInput{RoleName: aws.String("FRESH")})
	must(t, err)
	if *role.Role.RoleName != "Fresh" {
		t.Errorf("the role is %s", *role.Role.RoleName)
	}
	world := computeWorld(t)
	world.Accounts[0].Roles = append(world.Accounts[0].Roles,
		awssim.WorldRole{Name: "Fresh", TrustPolicy: json.RawMessage(*document)}, awssim.WorldRole{Name: "fresh", TrustPolicy: json.RawMessage(*document)})
	if _, err := awssim.New(world); err == nil || !strings.Contains(err.Error(), `"fresh" is there twice`) {
		t.Errorf("a world with both: %v", err)
	}
}

// eksTags are those of EKS Pod Identity: https://docs.aws.amazon.com/eks/latest/userguide/pod-id-abac.html
func eksTags() []ststypes.Tag {
	return stsTags("eks-cluster-arn", "arn:aws:eks:eu-central-1:"+source+":cluster/golden", "eks-cluster-name", "golden", "kubernetes-namespace", "images",
		"kubernetes-service-account", "packer", "kubernetes-pod-name", "packer-7d5b9c6f4-x2x9q", "kubernetes-pod-uid", "f3c0a6de-6f5c-4a8b-9d42-1f2f6f4f3f10")
}

// TestPackedSizes: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html, and what was seen:
// https://github.com/aws/containers-roadmap/issues/2413, https://github.com/aws-actions/configure-aws-credentials/issues/1898
func TestPackedSizes(t *testing.T) {
	var nine []string
	for i := range 9 {
		nine = append(nine, fmt.Sprint("tag-", i), strings.Repeat("x", 250))
	}
	for sentence, test := range map[string]struct {
		inherited []ststypes.Tag // transitive, of the caller's session
		tags      []ststypes.Tag
		policy    *string
		space     int
		want      string
		least     int32 // percent that AWS was seen to take
	}{
		"a short policy":                            {nil, nil, aws.String(`{"Version":"2012-10-17","Statement":[{"Sid":"Stmt1","Effect":"Allow","Action":"s3:*","Resource":"*"}]}`), 0, "", 6},
		"six tags as EKS sets them":                 {nil, eksTags(), nil, 0, "", 74},
		"the same, inherited from the caller":       {eksTags(), nil, nil, 0, "", 74},
		"inherited, with a policy that fits alone":  {eksTags(), nil, policyOf(900), 0, "PackedPolicyTooLarge", 0},
		"a policy that fits alone":                  {nil, nil, policyOf(900), 0, "", 0},
		"nine tags of 250 characters":               {nil, stsTags(nine...), nil, 0, "PackedPolicyTooLarge", 0},
		"the same, with as much space as they take": {nil, stsTags(nine...), nil, 12_000, "", 90},
		"a policy below its limit in characters":    {nil, nil, policyOf(2000), 0, "PackedPolicyTooLarge", 0},
		"a policy above its limit in characters":    {nil, nil, policyOf(2100), 12_000, "ValidationError", 0},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			world := chainWorld(t, `{"Effect":"Allow","Principal":{"AWS":"111111111111"},"Action":"sts:TagSession"}`)
			world.Hostility.PackedPolicySpace = test.space
			config := start(t, world).config(t, administrator, home)
			client := sts.NewFromConfig(config)
			if test.inherited != nil {
				in := &sts.AssumeRoleInput{RoleArn: aws.String(firstRole), Tags: test.inherited}
				for _, tag := range test.inherited {
					in.TransitiveTagKeys = append(in.TransitiveTagKeys, *tag.Key)
				}
				var err error
				client, err = assumed(t.Context(), config, in)
				must(t, err)
			}
			out, err := client.AssumeRole(t.Context(), &sts.AssumeRoleInput{
				RoleArn: aws.String(workerARN), RoleSessionName: aws.String("s2"), ExternalId: aws.String("secret"), Tags: test.tags, Policy: test.policy,
			})
			if got := code(err); got != test.want {
				t.Fatalf("code %q, want %q: %v", got, test.want, err)
			}
			if err == nil && (packedSize(out) < test.least || packedSize(out) > 100) {
				t.Errorf("packed size %d, and AWS was seen to take %d", packedSize(out), test.least)
			}
		})
	}
}

// packedSize is what AWS answers next to what is to replace it.
func packedSize(out *sts.AssumeRoleOutput) int32 {
	return aws.ToInt32(out.PackedPolicySize) //nolint:staticcheck // its successor counts the whole token, not policies and tags alone
}
