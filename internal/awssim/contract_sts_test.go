// SPDX-License-Identifier: MPL-2.0

package awssim_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

const firstRole = "arn:aws:iam::" + source + ":role/first"

// chainWorld has a role "first" in the source, which its users may assume, and the target's role of authorityWorld, which
// "first" and the administrator may assume with an external id, for two hours. More statements of its trust policy follow.
func chainWorld(t *testing.T, statements ...string) awssim.World {
	t.Helper()
	world := authorityWorld(t, "", "")
	world.Accounts[0].Roles = append(world.Accounts[0].Roles, awssim.WorldRole{
		Name: "first", MaxSessionDuration: 7200, Policies: []json.RawMessage{json.RawMessage(allowEverything)},
		TrustPolicy: json.RawMessage(strings.ReplaceAll(trust("arn:aws:iam::"+source+":root"), `"sts:AssumeRole"`, `"sts:*"`)),
	})
	withID := `{"Effect":"Allow","Principal":{"AWS":["` + firstRole + `","arn:aws:iam::` + source + `:user/` + administrator + `"]},"Action":"sts:AssumeRole",
		"Condition":{"StringEquals":{"sts:ExternalId":"secret"}}}`
	world.Accounts[1].Roles[0].TrustPolicy = json.RawMessage(`{"Version":"2012-10-17","Statement":[` + strings.Join(append([]string{withID}, statements...), ",") + `]}`)
	world.Accounts[1].Roles[0].MaxSessionDuration = 7200
	return world
}

// assumed opens a session and returns a client for it.
func assumed(ctx context.Context, config aws.Config, in *sts.AssumeRoleInput) (*sts.Client, error) {
	in.RoleSessionName = aws.String("session")
	out, err := sts.NewFromConfig(config).AssumeRole(ctx, in)
	if err != nil {
		return nil, err
	}
	config.Credentials = credentials.NewStaticCredentialsProvider(*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken)
	return sts.NewFromConfig(config), nil
}

func stsTags(keysAndValues ...string) []ststypes.Tag {
	var tags []ststypes.Tag
	for i := 0; i < len(keysAndValues); i += 2 {
		tags = append(tags, ststypes.Tag{Key: &keysAndValues[i], Value: &keysAndValues[i+1]})
	}
	return tags
}

// TestAssumeRole: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
func TestAssumeRole(t *testing.T) {
	const tagSession = `{"Effect":"Allow","Principal":{"AWS":"111111111111"},"Action":"sts:TagSession"}`
	const setIdentity = `{"Effect":"Allow","Principal":{"AWS":"111111111111"},"Action":"sts:SetSourceIdentity"}`
	none := func(*sts.AssumeRoleInput) {}
	chained := func(in *sts.AssumeRoleInput) { in.RoleArn = aws.String(firstRole) }
	for sentence, test := range map[string]struct {
		as         string
		first      func(*sts.AssumeRoleInput) // the session that assumes the role; nil for the user itself
		change     func(*sts.AssumeRoleInput)
		statements []string
		want       string
	}{
		"with the external id": {administrator, nil, none, nil, ""},
		"with another":         {administrator, nil, func(in *sts.AssumeRoleInput) { in.ExternalId = aws.String("wrong") }, nil, denied},
		"with none":            {administrator, nil, func(in *sts.AssumeRoleInput) { in.ExternalId = nil }, nil, denied},
		"a user whom its own policies do not allow it": {nobody, nil, none, []string{`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:user/` + nobody + `"},"Action":"sts:AssumeRole"}`}, denied},
		"a role that does not exist":                   {administrator, nil, func(in *sts.AssumeRoleInput) { in.RoleArn = aws.String(workerARN + "2") }, nil, denied},
		"as long as the role allows":                   {administrator, nil, func(in *sts.AssumeRoleInput) { in.DurationSeconds = aws.Int32(7200) }, nil, ""},
		"longer than the role allows":                  {administrator, nil, func(in *sts.AssumeRoleInput) { in.DurationSeconds = aws.Int32(7201) }, nil, "ValidationError"},
		"from a session":                               {administrator, chained, none, nil, ""},
		"from a session, longer than an hour":          {administrator, chained, func(in *sts.AssumeRoleInput) { in.DurationSeconds = aws.Int32(3601) }, nil, "ValidationError"},
		"with tags":                                    {administrator, nil, func(in *sts.AssumeRoleInput) { in.Tags = stsTags("team", "a") }, []string{tagSession}, ""},
		// TagSession has no external id: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html
		"with tags, in a statement under the external id": {administrator, nil, func(in *sts.AssumeRoleInput) { in.Tags = stsTags("team", "a") }, []string{
			strings.TrimSuffix(tagSession, "}") + `,"Condition":{"StringEquals":{"sts:ExternalId":"secret"}}}`,
		}, denied},
		"with tags that the role takes from nobody": {administrator, nil, func(in *sts.AssumeRoleInput) { in.Tags = stsTags("team", "a") }, nil, denied},
		"with the same tag twice":                   {administrator, nil, func(in *sts.AssumeRoleInput) { in.Tags = stsTags("team", "a", "team", "b") }, []string{tagSession}, "ValidationError"},
		"with a transitive key that is no tag's":    {administrator, nil, func(in *sts.AssumeRoleInput) { in.TransitiveTagKeys = []string{"team"} }, []string{tagSession}, "ValidationError"},
		"with a source identity":                    {administrator, nil, func(in *sts.AssumeRoleInput) { in.SourceIdentity = aws.String("ann") }, []string{setIdentity}, ""},
		"with one that the role takes from nobody":  {administrator, nil, func(in *sts.AssumeRoleInput) { in.SourceIdentity = aws.String("ann") }, nil, denied},
		"from a session whose source identity stays": {
			administrator, func(in *sts.AssumeRoleInput) { chained(in); in.SourceIdentity = aws.String("ann") },
			func(in *sts.AssumeRoleInput) { in.SourceIdentity = aws.String("bob") },
			[]string{setIdentity},
			denied,
		},
		"from a session whose transitive tag the role takes from nobody": {
			administrator, func(in *sts.AssumeRoleInput) {
				chained(in)
				in.Tags, in.TransitiveTagKeys = stsTags("team", "a"), []string{"team"}
			},
			none, nil, denied,
		},
		"from a session whose transitive tag is set again": {
			administrator, func(in *sts.AssumeRoleInput) {
				chained(in)
				in.Tags, in.TransitiveTagKeys = stsTags("team", "a"), []string{"team"}
			},
			func(in *sts.AssumeRoleInput) { in.Tags = stsTags("team", "b") },
			[]string{tagSession},
			"ValidationError",
		},
		"a managed policy that does not exist": {administrator, nil, func(in *sts.AssumeRoleInput) {
			in.PolicyArns = []ststypes.PolicyDescriptorType{{Arn: aws.String("arn:aws:iam::222222222222:policy/none")}}
		}, nil, "ValidationError"},
		"a session policy that is none": {administrator, nil, func(in *sts.AssumeRoleInput) { in.Policy = aws.String("{}") }, nil, "MalformedPolicyDocument"},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			config := start(t, chainWorld(t, test.statements...)).config(t, test.as, home)
			client := sts.NewFromConfig(config)
			if test.first != nil {
				in := &sts.AssumeRoleInput{}
				test.first(in)
				var err error
				client, err = assumed(t.Context(), config, in)
				must(t, err)
			}
			in := &sts.AssumeRoleInput{RoleArn: aws.String(workerARN), RoleSessionName: aws.String("s2"), ExternalId: aws.String("secret")}
			test.change(in)
			if got := code(only(client.AssumeRole(t.Context(), in))); got != test.want {
				t.Errorf("code %q, want %q", got, test.want)
			}
		})
	}
}

// TestTransitiveTagsArrive has a role that only callers of a team may assume, by a tag that came with the first session.
func TestTransitiveTagsArrive(t *testing.T) {
	ofTeam := `{"Effect":"Allow","Principal":{"AWS":"111111111111"},"Action":["sts:AssumeRole","sts:TagSession"],"Condition":{"StringEquals":{"aws:PrincipalTag/team":"a"}}}`
	world := chainWorld(t, ofTeam)
	world.Accounts[1].Roles = append(world.Accounts[1].Roles, awssim.WorldRole{Name: "last", TrustPolicy: json.RawMessage(
		`{"Version":"2012-10-17","Statement":` + strings.ReplaceAll(ofTeam, source, target) + `}`)})
	world.Accounts[1].Roles[0].Policies = []json.RawMessage{json.RawMessage(allowEverything)}
	config := start(t, world).config(t, administrator, home)
	for team, want := range map[string]string{"a": "", "b": denied} {
		first, err := assumed(t.Context(), config, &sts.AssumeRoleInput{RoleArn: aws.String(firstRole), Tags: stsTags("team", team), TransitiveTagKeys: []string{"team"}})
		must(t, err)
		out, err := first.AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: aws.String(workerARN), RoleSessionName: aws.String("s2")})
		if got := code(err); got != want {
			t.Fatalf("team %s: %q, want %q", team, got, want)
		}
		if err != nil {
			continue
		}
		second := config.Copy()
		second.Credentials = credentials.NewStaticCredentialsProvider(*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken)
		must(t, only(sts.NewFromConfig(second).AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::" + target + ":role/last"), RoleSessionName: aws.String("s3")})))
	}
}

func TestATrustPolicyMeansTheRoleThatWas(t *testing.T) {
	config := start(t, chainWorld(t)).config(t, administrator, home)
	roles := iam.NewFromConfig(config)
	last := func() string {
		first, err := assumed(t.Context(), config, &sts.AssumeRoleInput{RoleArn: aws.String(firstRole)})
		must(t, err)
		return code(only(first.AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: aws.String(workerARN), RoleSessionName: aws.String("s2"), ExternalId: aws.String("secret")})))
	}
	if got := last(); got != "" {
		t.Errorf("before: %q", got)
	}
	must(t, only(roles.DeleteRolePolicy(t.Context(), &iam.DeleteRolePolicyInput{RoleName: aws.String("first"), PolicyName: aws.String("policy-1")})))
	must(t, only(roles.DeleteRole(t.Context(), &iam.DeleteRoleInput{RoleName: aws.String("first")})))
	must(t, only(roles.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String("first"), AssumeRolePolicyDocument: aws.String(trust("arn:aws:iam::" + source + ":root"))})))
	must(t, only(roles.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: aws.String("first"), PolicyName: aws.String("p"), PolicyDocument: aws.String(allowEverything)})))
	if got := last(); got != denied {
		t.Errorf("after the role was made again: %q", got)
	}
}

func TestRolesOfAnAccountThatHasNotEnabledTheRegion(t *testing.T) {
	world := chainWorld(t)
	world.Accounts[1].DisabledRegions = []string{"me-south-1"}
	_, err := assumed(t.Context(), start(t, world).config(t, administrator, "me-south-1"), &sts.AssumeRoleInput{RoleArn: aws.String(workerARN), ExternalId: aws.String("secret")})
	if got := code(err); got != "RegionDisabledException" {
		t.Errorf("code %q", got)
	}
}
