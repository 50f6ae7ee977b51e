// SPDX-License-Identifier: MPL-2.0

package amishare

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hcldec"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	packersdk "github.com/hashicorp/packer-plugin-sdk/packer"
	"github.com/zclconf/go-cty/cty"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// block reads the inside of a post-processor block as Packer does, unknown values and all.
func block(t *testing.T, body string) cty.Value {
	t.Helper()
	file, diagnostics := hclsyntax.ParseConfig([]byte(body), "test.pkr.hcl", hcl.InitialPos)
	if diagnostics.HasErrors() {
		t.Fatal(diagnostics)
	}
	unknown := cty.ObjectVal(map[string]cty.Value{
		"text": cty.UnknownVal(cty.String), "list": cty.UnknownVal(cty.List(cty.String)),
		"map": cty.UnknownVal(cty.Map(cty.String)), "yes": cty.UnknownVal(cty.Bool), "number": cty.UnknownVal(cty.Number),
	})
	value, diagnostics := hcldec.Decode(file.Body, new(PostProcessor).ConfigSpec(), &hcl.EvalContext{
		Variables: map[string]cty.Value{"unknown": unknown},
	})
	if diagnostics.HasErrors() {
		t.Fatal(diagnostics)
	}
	return placeholders(t, value)
}

// placeholders puts in place of unknown values what Packer puts there.
func placeholders(t *testing.T, value cty.Value) cty.Value {
	t.Helper()
	known, err := cty.Transform(value, func(_ cty.Path, v cty.Value) (cty.Value, error) {
		switch kind := v.Type(); {
		case v.IsKnown():
			return v, nil
		case kind == cty.String:
			return cty.StringVal("<unknown>"), nil
		case kind == cty.Number:
			return cty.Zero, nil
		case kind == cty.Bool:
			return cty.False, nil
		case kind.IsListType():
			return cty.ListValEmpty(kind.ElementType()), nil
		case kind.IsMapType():
			return cty.MapValEmpty(kind.ElementType()), nil
		default:
			return v, nil
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return known
}

func configured(t *testing.T, body string) (*PostProcessor, error) {
	t.Helper()
	p := new(PostProcessor)
	return p, p.Configure(map[string]any{"packer_core_version": "1.16.0", "packer_build_name": "x"}, block(t, body))
}

// artifactOf is what a builder with the id hands over.
func artifactOf(builder, id string) packersdk.Artifact {
	return &packersdk.MockArtifact{BuilderIdValue: builder, IdValue: id, StateValues: map[string]any{
		"generated_data": map[any]any{"BuildRegion": "us-east-1"},
	}}
}

var built = artifactOf("mitchellh.amazonebs", "eu-central-1:ami-0123456789abcdef0,us-east-1:ami-0123456789abcdef1")

const target = `
target {
  account_ids = ["222222222222"]
  assume_role { role_name = "ami-share" }
}
`

func TestTheSmallestConfiguration(t *testing.T) {
	p, err := configured(t, target)
	if err != nil {
		t.Fatal(err)
	}
	got, sources, err := p.config.request(built)
	if err != nil {
		t.Fatal(err)
	}
	autoscaling, err := sharing.ParseServiceLinkedRole("autoscaling")
	if err != nil {
		t.Fatal(err)
	}
	want := sharing.Request{
		Images: []sharing.ImageRef{
			{Region: "eu-central-1", ID: "ami-0123456789abcdef0"}, {Region: "us-east-1", ID: "ami-0123456789abcdef1"},
		},
		BuildRegion:    "us-east-1",
		Targets:        []sharing.Target{{Account: "222222222222", Credentials: true, Grantees: []sharing.Grantee{autoscaling}}},
		ShareSnapshots: true, GrantOperations: sharing.DefaultGrantOperations(),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
	if sources["222222222222"].Role == nil || p.config.onFailure() != "fail" || p.config.Verify.False() {
		t.Errorf("sources %+v, on_failure %q", sources, p.config.onFailure())
	}
}

func TestTheWholeConfiguration(t *testing.T) {
	p, err := configured(t, `
access_key = "AKIA"
secret_key = "s"
region     = "eu-west-1"
max_retries = 3
organization_arns = ["arn:aws:organizations::111111111111:organization/o-abcde12345"]
ou_arns           = ["arn:aws:organizations::111111111111:ou/o-abcde12345/ou-ab12-cdefgh34"]
share_snapshots   = false
grant_operations  = ["Decrypt"]
images            = { "us-west-2" = "ami-00000000000000002", "us-west-1" = "ami-00000001" }
exact             = true
dry_run           = true
verify            = false
on_failure        = "rollback"
allow_unencrypted = true
max_concurrency   = 8
report_file       = "report.json"
summary_file      = "summary.md"
target {
  account_ids          = ["333333333333", "222222222222"]
  service_linked_roles = []
}
`)
	if err != nil {
		t.Fatal(err)
	}
	got, _, err := p.config.request(artifactOf("fnoeding.null", "Null"))
	if err != nil {
		t.Fatal(err)
	}
	want := sharing.Request{
		Images:              []sharing.ImageRef{{Region: "us-west-1", ID: "ami-00000001"}, {Region: "us-west-2", ID: "ami-00000000000000002"}},
		Targets:             []sharing.Target{{Account: "222222222222"}, {Account: "333333333333"}},
		Organizations:       []string{"arn:aws:organizations::111111111111:organization/o-abcde12345"},
		OrganizationalUnits: []string{"arn:aws:organizations::111111111111:ou/o-abcde12345/ou-ab12-cdefgh34"},
		GrantOperations:     []string{"Decrypt"}, Exact: true, AllowUnencrypted: true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
	if c := p.config; !c.DryRun || !c.Verify.False() || c.onFailure() != "rollback" || c.MaxConcurrency != 8 || c.Retries() != 3 || c.Region != "eu-west-1" ||
		c.ReportFile != "report.json" || c.SummaryFile != "summary.md" || c.PackerCoreVersion != "1.16.0" {
		t.Errorf("the configuration is %+v", c)
	}
}

func TestWrongConfigurations(t *testing.T) {
	for name, test := range map[string]struct {
		body string
		want []string
	}{
		"nobody to share with":     {``, []string{"there is nobody to share with: add a target block", "-evaluate-datasources"}},
		"an OU as an organization": {target + `organization_arns = ["arn:aws:organizations::111111111111:ou/o-abcde12345/ou-ab12-cdefgh34"]`, []string{"that is an organizational unit: put it into ou_arns"}},
		"an organization as an OU": {target + `ou_arns = ["arn:aws:organizations::111111111111:organization/o-abcde12345"]`, []string{"that is a whole organization: put it into organization_arns"}},
		"an organization's id":     {target + `organization_arns = ["o-abcde12345"]`, []string{`"o-abcde12345" is not of the form arn:aws:organizations::<management account>:organization/o-<id>: aws organizations describe-organization shows it`}},
		"an OU's id":               {target + `ou_arns = ["ou-ab12-cdefgh34"]`, []string{`"ou-ab12-cdefgh34" is not of the form arn:aws:organizations::<management account>:ou/o-<id>/ou-<root id>-<unit id>: aws organizations describe-organizational-unit`}},
		"an organization twice":    {target + `organization_arns = ["arn:aws:organizations::111111111111:organization/o-abcde12345", "arn:aws:organizations::111111111111:organization/o-abcde12345"]`, []string{"is named twice"}},
		"an operation that is none of a grant": {
			target + `grant_operations = ["Decrypt", "Decrypt", "ListGrants"]`, []string{`"Decrypt" is named twice`, `"ListGrants" is no operation of a grant`},
		},
		"an AMI's name":             {target + `images = { "eu-central-1" = "golden" }`, []string{`images: "golden" is not the id of an AMI`}},
		"an AMI nowhere":            {target + `images = { "frankfurt" = "ami-01234567" }`, []string{`images: "frankfurt" is not the code of a Region`}},
		"an unheard-of policy":      {target + `on_failure = "ignore"`, []string{`on_failure: "ignore" is none of fail, rollback and continue`}},
		"too many calls":            {target + `max_concurrency = 5000`, []string{"max_concurrency: 5000"}},
		"an account without quotes": {`target { account_ids = [012345678901] }`, []string{`"12345678901" has 11 digits`, "quote it", "add an assume_role block"}},
		"AMIs of two partitions": {
			target + `images = { "eu-central-1" = "ami-01234567", "cn-north-1" = "ami-01234567" }`,
			[]string{"cn-north-1:ami-01234567 is in partition aws-cn and eu-central-1:ami-01234567 in aws"},
		},
		"access in another partition": {
			target + `region = "us-gov-west-1"
			 images = { "eu-central-1" = "ami-01234567" }`,
			[]string{"region: us-gov-west-1 is in partition aws-us-gov and the AMIs are in aws: nothing can be shared between partitions"},
		},
		"a time without its unit, and more": {
			target + `on_failure = "ignore"
			 ssm_parameter {
			   name    = "/golden"
			   timeout = "5"
			 }`,
			[]string{`ssm_parameter[0].timeout: time: missing unit in duration "5": write a number and its unit, as in "5m"`, `on_failure: "ignore"`},
		},
		"an assume_role block with nothing in it": {
			`target {
			   account_ids = ["222222222222"]
			   assume_role {}
			 }`,
			[]string{"add an assume_role block with role_name or role_arn"},
		},
		"a target's Region in another partition": {
			`region = "eu-central-1"
			 target {
			   account_ids = ["222222222222"]
			   regions     = ["cn-north-1"]
			   assume_role { role_name = "x" }
			 }`,
			[]string{"target 1: regions: cn-north-1 is in partition aws-cn and the AMIs are in aws"},
		},
		"more recipients than AWS takes": {
			`target {
			   account_ids          = [` + accounts(1002) + `]
			   service_linked_roles = []
			 }`,
			[]string{"each AMI would be shared with 1001 accounts", "AWS's quota is 1000", "launch_permission = false", "sharing_quota"},
		},
		"more recipients than AWS takes, in one of the Regions": {
			`sharing_quota = 2
			 target {
			   account_ids          = ["222222222222", "333333333333"]
			   service_linked_roles = []
			 }
			 target {
			   account_ids          = ["444444444444", "555555555555"]
			   regions              = ["eu-west-1"]
			   service_linked_roles = []
			 }`,
			[]string{"an AMI in eu-west-1 would be shared with 3 accounts"},
		},
		"the AMIs' owner is not counted": {
			`sharing_quota = 1
			 assume_role { role_arn = "arn:aws:iam::222222222222:role/packer" }
			 target {
			   account_ids          = ["222222222222", "333333333333", "444444444444"]
			   service_linked_roles = []
			 }`,
			[]string{"each AMI would be shared with 2 accounts"},
		},
		"access options":             {target + `access_key = "AKIA"`, []string{"access_key is set and secret_key is not"}},
		"three things wrong at once": {target + "\nregion = \"x\"\non_failure = \"y\"\nmax_concurrency = -1", []string{"3 error(s) occurred", `region: "x"`, `on_failure: "y"`, "max_concurrency: -1"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := configured(t, test.body)
			holds(t, err, test.want)
		})
	}
}

// holds checks that there is an error, and that it has all parts.
func holds(t *testing.T, err error, parts []string) {
	t.Helper()
	if err == nil {
		t.Fatal("there is no error")
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error lacks %q:\n%v", part, err)
		}
	}
}

func TestValuesThatAreNotKnownYet(t *testing.T) {
	body := `
access_key = unknown.text
secret_key = unknown.text
region     = unknown.text
organization_arns = unknown.list
ou_arns           = [unknown.text]
share_snapshots   = unknown.yes
grant_operations  = unknown.list
images            = unknown.map
on_failure        = unknown.text
max_concurrency   = unknown.number
report_file       = unknown.text
target {
  account_ids          = unknown.list
  service_linked_roles = unknown.list
  grantee_roles        = [unknown.text]
  auto_scaling_groups  = unknown.list
  copy_tags            = unknown.yes
  assume_role {
    role_arn         = unknown.text
    external_id      = unknown.text
    duration_seconds = unknown.number
    tags             = unknown.map
  }
}`
	p, err := configured(t, body)
	if err != nil {
		t.Errorf("while Packer validates: %v", err)
	}
	t.Run("are wrong when sharing begins", func(t *testing.T) {
		_, _, err := p.config.request(built)
		holds(t, err, []string{"target 1: account_ids: it names no account", "images is empty", "grant_operations: the list is empty", `on_failure: "<unknown>"`})
	})
	t.Run("a list of recipients that is not known may be filled yet", func(t *testing.T) {
		if _, err := configured(t, `ou_arns = unknown.list`); err != nil {
			t.Error(err)
		}
	})
	t.Run("AMIs and Regions may come from data sources", func(t *testing.T) {
		if _, err := configured(t, target+` images = { "eu-central-1" = unknown.text }`); err != nil {
			t.Error(err)
		}
	})
}

func TestRequestsThatMakeNoSense(t *testing.T) {
	for name, test := range map[string]struct {
		body     string
		artifact packersdk.Artifact
		want     []string
	}{
		"roles of another partition": {
			`target {
			   account_ids = ["222222222222"]
			   assume_role { role_arn = "arn:aws-cn:iam::222222222222:role/x" }
			 }
			 organization_arns = ["arn:aws-cn:organizations::111111111111:organization/o-abcde12345"]`,
			built,
			[]string{"target 1: assume_role: role_arn:", "is in partition aws-cn and the AMIs are in aws", "organization_arns:"},
		},
		"an artifact without AMIs": {target, artifactOf("packer.post-processor.checksum", ""), []string{"put ami-share before it"}},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := configured(t, test.body)
			if err != nil {
				t.Fatal(err)
			}
			_, _, err = p.config.request(test.artifact)
			holds(t, err, test.want)
		})
	}
}

func TestWarnings(t *testing.T) {
	p, err := configured(t, `
organization_arns = ["arn:aws:organizations::111111111111:organization/o-abcde12345"]
grant_operations  = ["Decrypt", "DescribeKey"]`)
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join(p.config.warnings(sharing.Request{}), "\n")
	for _, want := range []string{"no target is named, so that no grants are made", "grant_operations lacks Encrypt, ReEncryptFrom"} {
		if !strings.Contains(got, want) {
			t.Errorf("the warnings lack %q:\n%s", want, got)
		}
	}
	p, err = configured(t, target)
	if err != nil {
		t.Fatal(err)
	}
	request := sharing.Request{
		Images: []sharing.ImageRef{{Region: "eu-central-1", ID: "ami-01234567"}}, Targets: []sharing.Target{{Account: "222222222222"}},
	}
	if got := p.config.warnings(request); len(got) > 0 {
		t.Errorf("there is nothing to warn of: %q", got)
	}
	request.Targets[0].Regions, request.Targets[0].ThroughOrganization = []sharing.Region{"eu-west-1"}, true
	want := []string{
		"Nothing is shared with 222222222222: no AMI is in the regions of the target.",
		"launch_permission = false, and neither organization_arns nor ou_arns names anybody: the accounts see the AMIs only if they are shared with their organization already.",
	}
	if diff := cmp.Diff(want, p.config.warnings(request)); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
}

// accounts are so many account ids, as HCL writes them.
func accounts(n int) string {
	var ids []string
	for i := range n {
		ids = append(ids, fmt.Sprintf(`"%012d"`, i+1))
	}
	return strings.Join(ids, ", ")
}

func TestAccountsThroughAnOrganizationAreNotCounted(t *testing.T) {
	if _, err := configured(t, `
ou_arns = ["arn:aws:organizations::111111111111:ou/o-abcde12345/ou-ab12-cdefgh34"]
target {
  account_ids       = [`+accounts(5000)+`]
  launch_permission = false
  assume_role { role_name = "x" }
}`); err != nil {
		t.Error(err)
	}
}
