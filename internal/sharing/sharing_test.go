// SPDX-License-Identifier: MPL-2.0

package sharing_test

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

func TestParseAccountID(t *testing.T) {
	tests := map[string]struct{ id, wrong string }{
		"twelve digits":                       {"012345678901", ""},
		"a number that lost its leading zero": {"12345678901", `"012345678901"`},
		"too many digits":                     {"1234567890123", "13 digits"},
		"nothing":                             {"", "not an account id"},
		"an alias":                            {"my-account", "quoted string"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			check(t, test.wrong, func() error { _, err := sharing.ParseAccountID(test.id); return err })
		})
	}
}

// check compares an error with what it has to say; "" means that there is none.
func check(t *testing.T, want string, parse func() error) {
	t.Helper()
	err := parse()
	if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %q in it", err, want)
	}
}

func TestParseServiceLinkedRole(t *testing.T) {
	tests := map[string]struct{ role, arn, wrong string }{
		"the short name":                {"autoscaling", "arn:aws:iam::222222222222:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling", ""},
		"a suffix":                      {"autoscaling/blue", "arn:aws:iam::222222222222:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling_blue", ""},
		"a service principal":           {"spotfleet.amazonaws.com", "arn:aws:iam::222222222222:role/aws-service-role/spotfleet.amazonaws.com/AWSServiceRoleForEC2SpotFleet", ""},
		"a suffix AWS does not allow":   {"spot/blue", "", `write "spot"`},
		"a suffix with a space in it":   {"autoscaling/b c", "", "letters, digits"},
		"a name that would be too long": {"autoscaling/" + strings.Repeat("x", 40), "", "at most 64"},
		"a service that is not known":   {"lambda", "", "grantee_roles"},
		"nothing, which is no service":  {"", "", "no service-linked role"},
		"an empty suffix":               {"autoscaling/", "", "letters, digits"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			g, err := sharing.ParseServiceLinkedRole(test.role)
			check(t, test.wrong, func() error { return err })
			if err == nil && g.ARN("aws", "222222222222") != test.arn {
				t.Errorf("ARN %s, want %s", g.ARN("aws", "222222222222"), test.arn)
			}
		})
	}
}

func TestParseGranteeRole(t *testing.T) {
	tests := map[string]struct {
		role  string
		want  sharing.Grantee
		wrong string
	}{
		"a name":             {"karpenter", sharing.Grantee{Path: "/", Name: "karpenter"}, ""},
		"a path before it":   {"teams/web/karpenter", sharing.Grantee{Path: "/teams/web/", Name: "karpenter"}, ""},
		"a leading slash":    {"/teams/karpenter", sharing.Grantee{Path: "/teams/", Name: "karpenter"}, ""},
		"an ARN":             {"arn:aws-cn:iam::222222222222:role/a/b", sharing.Grantee{Path: "/a/", Name: "b", Account: "222222222222"}, ""},
		"the ARN of a user":  {"arn:aws:iam::222222222222:user/b", sharing.Grantee{}, "not the ARN of a role"},
		"half an ARN":        {"arn:aws:iam", sharing.Grantee{}, "not an ARN"},
		"a name with spaces": {"a b", sharing.Grantee{}, "not the name of a role"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := sharing.ParseGranteeRole(test.role)
			check(t, test.wrong, func() error { return err })
			if err == nil && got != test.want {
				t.Errorf("%+v, want %+v", got, test.want)
			}
		})
	}
}

// TestGrantNames has roles and targets of which no two may share a name.
func TestGrantNames(t *testing.T) {
	legal := regexp.MustCompile(`^[a-zA-Z0-9:/_-]{1,256}$`) // https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html
	named := map[string]string{}
	for _, role := range []string{
		"arn:aws:iam::222222222222:role/team.web", "arn:aws:iam::222222222222:role/team_web", "arn:aws:iam::222222222222:role/team-web",
		"arn:aws:iam::222222222222:role/Team_web", "arn:aws:iam::222222222222:role/a/team_web", "arn:aws:iam::222222222222:role/b/team_web",
		"arn:aws:iam::333333333333:role/team_web", "arn:aws-cn:iam::222222222222:role/team_web", "arn:aws:iam::222222222222:role/a.b@c+d=e,f",
		"arn:aws:iam::222222222222:role/" + strings.Repeat("p/", 255) + strings.Repeat("x", 64),
		"arn:aws:iam::222222222222:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling",
	} {
		for _, target := range []sharing.AccountID{"222222222222", "333333333333"} {
			name := sharing.GrantName(target, role)
			if !legal.MatchString(name) || !strings.HasPrefix(name, sharing.GrantNamePrefix+string(target)+":") {
				t.Errorf("%q is no legal name of a grant in %s", name, target)
			}
			if other, taken := named[name]; taken {
				t.Errorf("%s and %s share the name %q", role, other, name)
			}
			named[name] = role
			if sharing.GrantName(target, role) != name {
				t.Errorf("the name of %s changes", role)
			}
		}
	}
}

func TestGlobalRegion(t *testing.T) {
	for region, want := range map[sharing.Region]sharing.Region{
		"eu-central-1": "us-east-1", "cn-northwest-1": "cn-north-1", "us-gov-east-1": "us-gov-west-1", "us-iso-west-1": "us-iso-east-1",
		"us-isob-east-1": "us-isob-east-1", "eu-isoe-west-1": "eu-isoe-west-1", "us-isof-east-1": "us-isof-south-1", "eusc-de-east-1": "eusc-de-east-1",
	} {
		if got := sharing.GlobalRegion(region); got != want {
			t.Errorf("%s: %s, want %s", region, got, want)
		}
	}
}

func TestPartitionOf(t *testing.T) {
	for region, want := range map[sharing.Region]string{
		"eu-central-1": "aws", "cn-north-1": "aws-cn", "us-gov-west-1": "aws-us-gov", "us-iso-east-1": "aws-iso", "us-isob-east-1": "aws-iso-b", "eusc-de-east-1": "aws-eusc",
	} {
		if got := sharing.PartitionOf(region); got != want {
			t.Errorf("%s is in %s, want %s", region, got, want)
		}
	}
}

func TestARNsAreReadAndWritten(t *testing.T) {
	const text = "arn:aws-us-gov:kms:us-gov-west-1:111111111111:key/a:b"
	arn, err := sharing.ParseARN(text)
	if err != nil || arn.String() != text || arn.Partition != "aws-us-gov" || arn.Resource != "key/a:b" {
		t.Errorf("%+v, %v", arn, err)
	}
	for _, wrong := range []string{"", "arn:aws", "aws:kms:x:y:z:w:v", "arn::kms:r:a:x"} {
		if _, err := sharing.ParseARN(wrong); err == nil {
			t.Errorf("%q is taken for an ARN", wrong)
		}
	}
}

func TestAScopeCoversItsRegionsAndNoOtherAccount(t *testing.T) {
	whole, region := sharing.Scope{Account: "1"}, sharing.Scope{Account: "1", Region: "r"}
	if !whole.Covers(region) || region.Covers(whole) || whole.Covers(sharing.Scope{Account: "2", Region: "r"}) || !region.Covers(region) {
		t.Error("an account's scope covers its Regions, and a Region's only itself")
	}
}

func ExampleProblem() {
	fmt.Println(sharing.Problem{
		Scope: sharing.Scope{Account: "222222222222", Region: "eu-central-1"}, Doing: "creating a grant", Code: "AccessDeniedException",
		Cause: "the key policy does not let the role in", Remedy: "Add the statement below.",
	}.Error())
	// Output:
	// creating a grant (account 222222222222, eu-central-1): AccessDeniedException: the key policy does not let the role in
	// Add the statement below.
}

func TestProblemsHoldEachOfThem(t *testing.T) {
	one, two := sharing.Problem{Doing: "one"}, sharing.Problem{Doing: "two"}
	err := error(sharing.Problems{one, two})
	if !errors.Is(err, one) || !errors.Is(err, two) || err.Error() != "one\ntwo" {
		t.Errorf("got %v", err)
	}
}

func TestNamed(t *testing.T) {
	for want, ids := range map[string][]string{
		"AMI a":                {"a"},
		"AMIs a and b":         {"a", "b"},
		"AMIs a, b and c":      {"a", "b", "c"},
		"AMIs a, b and 2 more": {"a", "b", "c", "d"},
		"AMIs a, b and 3 more": {"a", "b", "c", "d", "e"},
	} {
		if got := sharing.Named("AMI", ids); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
