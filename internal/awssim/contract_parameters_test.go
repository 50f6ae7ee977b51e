// SPDX-License-Identifier: MPL-2.0

package awssim_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

func ssmCall[In, Out any](of func(*ssm.Client, context.Context, *In, ...func(*ssm.Options)) (*Out, error), in *In) call {
	return func(ctx context.Context, config aws.Config, _ *bool) error {
		return only(of(ssm.NewFromConfig(config), ctx, in))
	}
}

// put is a write of the parameter /golden/web.
func put(value string, change ...func(*ssm.PutParameterInput)) call {
	in := &ssm.PutParameterInput{Name: aws.String("/golden/web"), Value: &value, Type: types.ParameterTypeString}
	for _, c := range change {
		c(in)
	}
	return ssmCall((*ssm.Client).PutParameter, in)
}

func overwriting(in *ssm.PutParameterInput) { in.Overwrite, in.Type = aws.Bool(true), "" }

func ofImages(in *ssm.PutParameterInput) { in.DataType = aws.String("aws:ec2:image") }

func named(name string) func(*ssm.PutParameterInput) {
	return func(in *ssm.PutParameterInput) { in.Name = &name }
}

func taggedParameter(in *ssm.PutParameterInput) { in.Tags = ssmTags("team", "images") }

func ssmTags(key, value string) []types.Tag { return []types.Tag{{Key: &key, Value: &value}} }

func getParameter(name string) call {
	return ssmCall((*ssm.Client).GetParameter, &ssm.GetParameterInput{Name: &name})
}

func history(name string, size *int32) call {
	return ssmCall((*ssm.Client).GetParameterHistory, &ssm.GetParameterHistoryInput{Name: &name, MaxResults: size})
}

func described(in *ssm.PutParameterInput) {
	in.Description, in.AllowedPattern = aws.String("golden"), aws.String("^[xy]$")
}

func advanced(in *ssm.PutParameterInput) { in.Tier = types.ParameterTierAdvanced }

func labelled(name string, version int64, labels ...string) call {
	return ssmCall((*ssm.Client).LabelParameterVersion, &ssm.LabelParameterVersionInput{Name: &name, ParameterVersion: &version, Labels: labels})
}

func unlabelled(name string, version int64, labels ...string) call {
	return ssmCall((*ssm.Client).UnlabelParameterVersion, &ssm.UnlabelParameterVersionInput{Name: &name, ParameterVersion: &version, Labels: labels})
}

func ssmRows() map[string]row {
	name := aws.String("/golden/web")
	tagging := func(id string) *ssm.AddTagsToResourceInput {
		return &ssm.AddTagsToResourceInput{ResourceType: types.ResourceTypeForTaggingParameter, ResourceId: &id, Tags: ssmTags("a", "b")}
	}
	untagging := func(id string) *ssm.RemoveTagsFromResourceInput {
		return &ssm.RemoveTagsFromResourceInput{ResourceType: types.ResourceTypeForTaggingParameter, ResourceId: &id, TagKeys: []string{"a"}}
	}
	listing := func(id string) *ssm.ListTagsForResourceInput {
		return &ssm.ListTagsForResourceInput{ResourceType: types.ResourceTypeForTaggingParameter, ResourceId: &id}
	}
	return map[string]row{
		"ssm:PutParameter":        {good: put("x"), bad: after(put("x"), put("y")), code: "ParameterAlreadyExists"},
		"ssm:GetParameter":        {good: after(put("x"), getParameter("/golden/web")), bad: getParameter("/golden/none"), code: "ParameterNotFound"},
		"ssm:GetParameterHistory": {good: after(put("x"), history("/golden/web", nil)), bad: history("/golden/none", nil), code: "ParameterNotFound"},
		"ssm:GetParameters": {
			good: ssmCall((*ssm.Client).GetParameters, &ssm.GetParametersInput{Names: []string{"/golden/none"}}),
			bad:  ssmCall((*ssm.Client).GetParameters, &ssm.GetParametersInput{Names: strings.Split(strings.Repeat("a", 11), "")}), code: "ValidationException",
		},
		"ssm:DeleteParameter": {
			good: after(put("x"), ssmCall((*ssm.Client).DeleteParameter, &ssm.DeleteParameterInput{Name: name})),
			bad:  ssmCall((*ssm.Client).DeleteParameter, &ssm.DeleteParameterInput{Name: name}), code: "ParameterNotFound",
		},
		"ssm:LabelParameterVersion": {
			good: after(put("x"), labelled("/golden/web", 1, "live")), bad: after(put("x"), labelled("/golden/web", 2, "live")), code: "ParameterVersionNotFound",
		},
		"ssm:UnlabelParameterVersion": {
			good: after(put("x"), labelled("/golden/web", 1, "live"), unlabelled("/golden/web", 1, "live")),
			bad:  after(put("x"), unlabelled("/golden/web", 2, "live")), code: "ParameterVersionNotFound",
		},
		"ssm:AddTagsToResource": {
			good: after(put("x"), ssmCall((*ssm.Client).AddTagsToResource, tagging("/golden/web"))),
			bad:  ssmCall((*ssm.Client).AddTagsToResource, tagging("/golden/none")), code: "InvalidResourceId",
		},
		"ssm:RemoveTagsFromResource": {
			good: after(put("x"), ssmCall((*ssm.Client).RemoveTagsFromResource, untagging("/golden/web"))),
			bad:  ssmCall((*ssm.Client).RemoveTagsFromResource, untagging("/golden/none")), code: "InvalidResourceId",
		},
		"ssm:ListTagsForResource": {
			good: after(put("x"), ssmCall((*ssm.Client).ListTagsForResource, listing("/golden/web"))),
			bad:  ssmCall((*ssm.Client).ListTagsForResource, listing("/golden/none")), code: "InvalidResourceId",
		},
	}
}

// TestPutParameter: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
func TestPutParameter(t *testing.T) {
	const invalid = "ValidationException"
	levels := func(n int) string { return strings.Repeat("/a", n) }
	// The ARN before the name has 47 characters: arn:aws:ssm:us-east-1:111111111111:parameter/.
	long := func(n int) string {
		return strings.Repeat("n", n-len("arn:aws:ssm:us-east-1:111111111111:parameter/"))
	}
	for sentence, test := range map[string]struct {
		call call
		want string
	}{
		"again, with Overwrite":                 {after(put("x"), put("y", overwriting)), ""},
		"with Overwrite, and there is none yet": {put("x", func(in *ssm.PutParameterInput) { in.Overwrite = aws.Bool(true) }), ""},
		"a new one without a type":              {put("x", overwriting), invalid},
		"with tags":                             {put("x", taggedParameter), ""},
		"with tags and Overwrite":               {put("x", taggedParameter, func(in *ssm.PutParameterInput) { in.Overwrite = aws.Bool(true) }), invalid},
		"an image that is none is taken":        {put("image", ofImages), ""},
		"a value that fits the pattern":         {put("x", described), ""},
		"a value that does not fit the pattern": {put("z", described), "ParameterPatternMismatchException"},
		"an advanced one again":                 {after(put("x", advanced), put("y", overwriting, advanced)), ""},
		"an advanced one again, and no tier":    {after(put("x", advanced), put("y", overwriting)), invalid},
		"a standard one as an advanced one":     {after(put("x"), put("y", overwriting, advanced)), ""},
		"the history, 51 versions at once":      {after(put("x"), history("/golden/web", aws.Int32(51))), invalid},
		"the history, no version at once":       {after(put("x"), history("/golden/web", aws.Int32(0))), invalid},
		"another data type":                     {put("x", func(in *ssm.PutParameterInput) { in.DataType = aws.String("aws:ec2:vpc") }), invalid},
		"4,096 characters":                      {put(strings.Repeat("x", 4096)), ""},
		"4,097 characters":                      {put(strings.Repeat("x", 4097)), invalid},
		"another parameter in it":               {put("{{ssm:other}}"), invalid},
		"15 levels":                             {put("x", named(levels(15))), ""},
		"16 levels":                             {put("x", named(levels(16))), "HierarchyLevelLimitExceededException"},
		"1,011 characters with the ARN":         {put("x", named(long(1011))), ""},
		"1,012 characters with the ARN":         {put("x", named(long(1012))), invalid},
		"levels without a leading slash":        {put("x", named("golden/web")), invalid},
		"a name that begins with ssm":           {put("x", named("SSM-golden")), invalid},
		"a name that begins with aws":           {put("x", named("awsGolden")), invalid},
		"a level that begins with aws":          {put("x", named("/golden/aws")), ""},
		"a reserved name":                       {put("x", named("/aws/service/golden")), "AccessDeniedException"},
		"a space in the name":                   {put("x", named("golden web")), invalid},
		"spaces around the name":                {after(put("x", named(" golden ")), getParameter("golden")), ""},
		"an ARN as the name":                    {put("x", named("arn:aws:ssm:us-east-1:111111111111:parameter/golden")), invalid},
		"two slashes":                           {put("x", named("/golden//web")), invalid},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			f := start(t, computeWorld(t))
			admin := f.config(t, administrator, home)
			err := test.call(context.WithValue(t.Context(), administratorKey{}, admin), admin, nil)
			if got := code(err); got != test.want {
				t.Errorf("error code %q, want %q: %v", got, test.want, err)
			}
		})
	}
}

// TestParameterHistory: each version has what it was written with, and an overwriting call that does not name it has none.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameterHistory.html
func TestParameterHistory(t *testing.T) {
	f := start(t, computeWorld(t))
	admin := f.config(t, administrator, home)
	write := after(put("x", described, advanced), labelled("/golden/web", 1, "live"), put("y", overwriting, advanced))
	if err := write(context.WithValue(t.Context(), administratorKey{}, admin), admin, nil); err != nil {
		t.Fatal(err)
	}
	in := &ssm.GetParameterHistoryInput{Name: aws.String("/golden/web"), MaxResults: aws.Int32(1)}
	var got []string
	for pages := ssm.NewGetParameterHistoryPaginator(ssm.NewFromConfig(admin), in); pages.HasMorePages(); {
		page, err := pages.NextPage(t.Context())
		if err != nil || len(page.Parameters) != 1 {
			t.Fatalf("%v, %d versions", err, len(page.Parameters))
		}
		one := page.Parameters[0]
		got = append(got, fmt.Sprintln(one.Version, *one.Value, one.Labels, one.Tier, one.Type, aws.ToString(one.Description), aws.ToString(one.AllowedPattern)))
	}
	if want := []string{"1 x [live] Advanced String golden ^[xy]$\n", "2 y [] Advanced String  \n"}; strings.Join(got, "") != strings.Join(want, "") {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestParameterVersions: https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-versions.html and
// https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-labels.html
func TestParameterVersions(t *testing.T) {
	f := start(t, computeWorld(t))
	admin := f.config(t, administrator, home)
	do := func(calls ...call) {
		t.Helper()
		for _, one := range calls {
			must(t, one(t.Context(), admin, nil))
		}
	}
	refused := func(one call, want string) {
		t.Helper()
		if err := one(t.Context(), admin, nil); code(err) != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	shows := func(name, want string) {
		t.Helper()
		out, err := ssm.NewFromConfig(admin).GetParameter(t.Context(), &ssm.GetParameterInput{Name: &name})
		must(t, err)
		if got := fmt.Sprintf("%s v%d %q", *out.Parameter.Value, out.Parameter.Version, aws.ToString(out.Parameter.Selector)); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	do(put("one"), put("two", overwriting), labelled("/golden/web", 1, "live"))
	shows("/golden/web", `two v2 ""`)
	shows("/golden/web:1", `one v1 ":1"`)
	shows("/golden/web:live", `one v1 ":live"`)
	shows("arn:aws:ssm:us-east-1:111111111111:parameter/golden/web:live", `one v1 ":live"`)
	refused(getParameter("/golden/web:3"), "ParameterVersionNotFound")
	refused(getParameter("/golden/web:none"), "ParameterVersionNotFound")
	do(labelled("/golden/web", 2, "live", "b", "c", "d", "e", "f", "g", "h", "i", "j"))
	shows("/golden/web:live", `two v2 ":live"`)
	refused(labelled("/golden/web", 2, "k"), "ParameterVersionLabelLimitExceeded")
	out, err := ssm.NewFromConfig(admin).LabelParameterVersion(t.Context(), &ssm.LabelParameterVersionInput{
		Name: aws.String("/golden/web"), ParameterVersion: aws.Int64(1), Labels: []string{"good", "1bad", "aws-bad"},
	})
	must(t, err)
	if strings.Join(out.InvalidLabels, " ") != "1bad aws-bad" {
		t.Errorf("invalid labels %q", out.InvalidLabels)
	}
	for range 98 {
		do(put("more", overwriting))
	}
	refused(put("101st", overwriting), "ParameterMaxVersionLimitExceeded")
	do(labelled("/golden/web", 100, "good"), put("101st", overwriting))
	refused(getParameter("/golden/web:1"), "ParameterVersionNotFound")
	shows("/golden/web", `101st v101 ""`)
}

// TestImageParametersAreValidatedLater: https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-ec2-aliases.html
func TestImageParametersAreValidatedLater(t *testing.T) {
	for sentence, test := range map[string]struct {
		value  string
		as     string
		stored bool
	}{
		"its own AMI": {"ami-plain", administrator, true},
		// https://github.com/boto/boto3/issues/3588
		"somebody who may not describe AMIs":     {"ami-plain", "writer", false},
		"an AMI that is not shared with it":      {"ami-hidden", administrator, false},
		"an AMI that is shared with it":          {"ami-of-target", administrator, true},
		"an AMI that does not exist":             {"ami-0123456789abcdef0", administrator, false},
		"no AMI":                                 {"image", administrator, false},
		"an AMI of everybody":                    {"ami-public", administrator, true},
		"an AMI that can't be launched any more": {"ami-deregistered", administrator, false},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			world := computeWorld(t)
			world.Hostility.ParameterValidation = 2
			world.Accounts[0].Users = append(world.Accounts[0].Users, awssim.WorldUser{
				Name: "writer", AccessKeyID: "writer", SecretAccessKey: "s", Policies: []json.RawMessage{json.RawMessage(allow(`"ssm:*"`, ""))},
			})
			region := world.Accounts[0].Regions[home]
			region.Images = append(region.Images, awssim.WorldImage{ID: "ami-deregistered", Name: "d", State: "deregistered"})
			region.Parameters = []awssim.WorldParameter{{Name: "/golden/web", Value: "ami-cmk", DataType: "aws:ec2:image"}}
			world.Accounts[0].Regions[home] = region
			f := start(t, world)
			config := f.config(t, test.as, home)
			must(t, put("ami-cmk", named("/golden/new"))(t.Context(), config, nil))
			must(t, put(test.value, overwriting, ofImages)(t.Context(), config, nil))
			must(t, put(test.value, ofImages, named("/golden/newer"))(t.Context(), config, nil))
			if err := put("ami-cmk", overwriting)(t.Context(), config, nil); code(err) != "TooManyUpdates" {
				t.Errorf("a second write during validation: %v", err)
			}
			var seen []string
			for range 3 {
				for _, name := range []string{"/golden/web", "/golden/newer"} {
					out, err := ssm.NewFromConfig(config).GetParameter(t.Context(), &ssm.GetParameterInput{Name: &name})
					if err != nil {
						seen = append(seen, code(err))
					} else {
						seen = append(seen, *out.Parameter.Value)
					}
				}
			}
			want := "ami-cmk ParameterNotFound ami-cmk ParameterNotFound ami-cmk ParameterNotFound"
			if test.stored {
				want = strings.TrimSuffix(want, "ami-cmk ParameterNotFound") + test.value + " " + test.value
			}
			if got := strings.Join(seen, " "); got != want {
				t.Errorf("seen: %s, want %s", got, want)
			}
			must(t, put("ami-cmk", overwriting)(t.Context(), config, nil))
		})
	}
}

// TestPermissionForParameters: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html
func TestPermissionForParameters(t *testing.T) {
	statement := func(action, resource, condition string) json.RawMessage {
		return json.RawMessage(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":` + action + `,"Resource":"` + resource + `"` + condition + `}]}`)
	}
	const golden = "arn:aws:ssm:us-east-1:111111111111:parameter/golden/*"
	const overwrite = `,"Condition":{"StringEquals":{"ssm:Overwrite":"true"}}`
	for sentence, test := range map[string]struct {
		policy json.RawMessage
		call   call
		want   string
	}{
		"the parameter itself":               {statement(`"ssm:PutParameter"`, golden, ""), put("x"), ""},
		"another parameter":                  {statement(`"ssm:PutParameter"`, golden, ""), put("x", named("/silver/web")), deniedKMS},
		"tags take AddTagsToResource":        {statement(`"ssm:PutParameter"`, golden, ""), put("x", taggedParameter), deniedKMS},
		"with it":                            {statement(`["ssm:PutParameter","ssm:AddTagsToResource"]`, golden, ""), put("x", taggedParameter), ""},
		"a version is of the same parameter": {statement(`"ssm:GetParameter"`, golden, ""), getParameter("/golden/there:1"), ""},
		"one of two":                         {statement(`"ssm:GetParameters"`, golden, ""), ssmCall((*ssm.Client).GetParameters, &ssm.GetParametersInput{Names: []string{"/golden/there", "/silver/there"}}), deniedKMS},
		"GetParameters is not GetParameter":  {statement(`"ssm:GetParameters"`, golden, ""), getParameter("/golden/there"), deniedKMS},
		"only with Overwrite":                {statement(`"ssm:PutParameter"`, golden, overwrite), put("x", overwriting, named("/golden/there")), ""},
		"only with Overwrite, without":       {statement(`"ssm:PutParameter"`, golden, overwrite), put("x"), deniedKMS},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			world := computeWorld(t)
			world.Accounts[0].Users[1].Policies = []json.RawMessage{test.policy}
			region := world.Accounts[0].Regions[home]
			region.Parameters = []awssim.WorldParameter{{Name: "/golden/there", Value: "x"}, {Name: "/silver/there", Value: "x"}}
			world.Accounts[0].Regions[home] = region
			f := start(t, world)
			if err := test.call(t.Context(), f.config(t, nobody, home), nil); code(err) != test.want {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}
