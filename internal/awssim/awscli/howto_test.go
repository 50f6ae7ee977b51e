// SPDX-License-Identifier: MPL-2.0

package awscli_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

const (
	key         = "arn:aws:kms:us-east-1:111111111111:key/0a1b2c3d-0000-4000-8000-000000000001"
	role        = "arn:aws:iam::222222222222:role/ami-share"
	serviceRole = "arn:aws:iam::222222222222:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
	image       = "ami-0123456789abcdef0"
	snapshot    = "snap-0123456789abcdef0"
)

// Who runs a step.
const (
	source  = "a user of the source account"
	target  = "a user of the target account"
	assumed = "a session of the target's role"
)

// step is a line of the how-to. Words of the arguments are separated by one space.
type step struct {
	name string
	as   string
	args string
}

// The names of the steps that tests leave out or change.
const (
	makeRole        = "make a role in the target that the source can assume"
	letRoleIn       = "let the role create grants by the key's policy"
	allowRole       = "allow the role to create grants by its own policy"
	makeServiceRole = "make the service-linked role of Auto Scaling in the target"
	assumeRole      = "assume the role"
	createGrant     = "create the grant from inside the target"
	shareImage      = "share the image"
	shareSnapshot   = "share its snapshot"
	makeTemplate    = "make a launch template in the target"
	makeGroup       = "make a group of one instance"
	grantCommand    = "kms create-grant --name ami-share --key-id " + key + " --grantee-principal " + serviceRole + " --operations " + grantOperations
	grantOperations = "Encrypt Decrypt ReEncryptFrom ReEncryptTo GenerateDataKey GenerateDataKeyWithoutPlaintext DescribeKey CreateGrant"
	assumeCommand   = "sts assume-role --role-arn " + role + " --role-session-name packer"
	activitiesOfWeb = "autoscaling describe-scaling-activities --auto-scaling-group-name web"
	copyIntoTarget  = "ec2 copy-image --name copy --source-region us-east-1 --source-image-id " + image
	stateOfInstance = "autoscaling describe-auto-scaling-groups --auto-scaling-group-names web --query AutoScalingGroups[].Instances[].LifecycleState --output text"
	instanceRunning = "ec2 wait instance-running --filters Name=image-id,Values=" + image
)

// howTo are the eight steps, of which two take two commands.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/sharingamis-explicit.html
func howTo() []step {
	return []step{
		{makeRole, target, "iam create-role --role-name ami-share --assume-role-policy-document file://testdata/trust-policy.json"},
		{letRoleIn, source, "kms put-key-policy --key-id " + key + " --policy-name default --policy file://testdata/key-policy.json"},
		{allowRole, target, "iam put-role-policy --role-name ami-share --policy-name grants --policy-document file://testdata/role-policy.json"},
		{makeServiceRole, target, "iam create-service-linked-role --aws-service-name autoscaling.amazonaws.com"},
		{assumeRole, source, assumeCommand + " --external-id golden"},
		{createGrant, assumed, grantCommand},
		{shareImage, source, "ec2 modify-image-attribute --image-id " + image + " --launch-permission Add=[{UserId=222222222222}]"},
		{shareSnapshot, source, "ec2 modify-snapshot-attribute --snapshot-id " + snapshot +
			" --attribute createVolumePermission --operation-type add --user-ids 222222222222"},
		{makeTemplate, target, "ec2 create-launch-template --launch-template-name web --launch-template-data ImageId=" + image + ",InstanceType=t3.micro"},
		{makeGroup, target, "autoscaling create-auto-scaling-group --auto-scaling-group-name web --launch-template LaunchTemplateName=web,Version=$Latest" +
			" --min-size 1 --max-size 1 --availability-zones us-east-1a"},
	}
}

// accounts is a local AWS with a CLI for it.
type accounts struct {
	shell
	server *awssim.Server
	who    map[string]credentials
}

func newAccounts(t *testing.T) *accounts {
	t.Helper()
	file, err := os.Open("testdata/world.json")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	world, err := awssim.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	server, err := awssim.New(world)
	if err != nil {
		t.Fatal(err)
	}
	listening := httptest.NewServer(server)
	t.Cleanup(listening.Close)
	return &accounts{shell: newShell(t, listening.URL), server: server, who: map[string]credentials{
		source: {"AKIASOURCE", "secret-of-the-source", ""},
		target: {"AKIATARGET", "secret-of-the-target", ""},
	}}
}

// do runs a step and returns what the CLI prints. A session that it opens is kept for later steps.
func (a *accounts) do(t *testing.T, s step) (string, error) {
	t.Helper()
	out, err := a.run(t, a.who[s.as], strings.Split(s.args, " ")...)
	if err != nil {
		return "", fmt.Errorf("%s: %w", s.name, err)
	}
	if s.name != assumeRole {
		return out, nil
	}
	var session struct {
		Credentials struct{ AccessKeyID, SecretAccessKey, SessionToken string }
	}
	if err := json.Unmarshal([]byte(out), &session); err != nil {
		return "", fmt.Errorf("%s: %w", s.name, err)
	}
	c := session.Credentials
	a.who[assumed] = credentials{c.AccessKeyID, c.SecretAccessKey, c.SessionToken}
	return out, nil
}

// follow runs steps up to the first that fails.
func (a *accounts) follow(t *testing.T, steps []step) error {
	t.Helper()
	for _, s := range steps {
		if _, err := a.do(t, s); err != nil {
			return err
		}
	}
	return nil
}

// look returns the states of the group's instances and what it says about its latest attempt to launch.
func (a *accounts) look(t *testing.T) string {
	t.Helper()
	states, err := a.do(t, step{"look at the group", target, stateOfInstance})
	if err != nil {
		t.Fatal(err)
	}
	activities, err := a.do(t, step{"look at its activities", target, activitiesOfWeb})
	if err != nil {
		t.Fatal(err)
	}
	var list struct {
		Activities []struct{ StatusCode, StatusMessage string }
	}
	if err := json.Unmarshal([]byte(activities), &list); err != nil {
		t.Fatal(err)
	}
	if len(list.Activities) == 0 {
		return "nothing happens"
	}
	latest := list.Activities[0]
	return strings.TrimSpace(strings.TrimSpace(states) + " " + latest.StatusCode + ": " + latest.StatusMessage)
}

// without returns the steps but those named.
func without(steps []step, names ...string) []step {
	return slices.DeleteFunc(steps, func(s step) bool { return slices.Contains(names, s.name) })
}

// only returns the steps named, in the order of the how-to.
func only(names ...string) []step {
	return slices.DeleteFunc(howTo(), func(s step) bool { return !slices.Contains(names, s.name) })
}

// must runs steps that are to work.
func (a *accounts) must(t *testing.T, steps []step) {
	t.Helper()
	if err := a.follow(t, steps); err != nil {
		t.Fatal(err)
	}
}

// mustFail runs a step that is to fail with a symptom.
func (a *accounts) mustFail(t *testing.T, s step, symptom string) {
	t.Helper()
	if _, err := a.do(t, s); err == nil || !strings.Contains(err.Error(), symptom) {
		t.Errorf("%s gives %v\nwant %s", s.name, err, symptom)
	}
}

// mustShow looks at the group.
func (a *accounts) mustShow(t *testing.T, when, symptom string) {
	t.Helper()
	if got := a.look(t); !strings.Contains(got, symptom) {
		t.Errorf("%s the group says %q\nwant %q", when, got, symptom)
	}
}

// mustDeny finds the reason for which a key was refused to the service-linked role in the journal.
func (a *accounts) mustDeny(t *testing.T, reason string) {
	t.Helper()
	if !slices.ContainsFunc(a.server.Journal(), func(e awssim.Entry) bool {
		return strings.HasPrefix(e.Action, "kms:") && e.Decision == "deny" && strings.Contains(e.Caller, "AWSServiceRoleForAutoScaling") && strings.Contains(e.Reason, reason)
	}) {
		t.Errorf("the journal has no key refused because %s", reason)
	}
}

const (
	inService   = "InService Successful:"
	keyUnusable = "Failed: Instance became unhealthy while waiting for instance to be in InService state. Termination Reason: " +
		"Client.InternalError: Client error on launch"
	notAuthorized = "Failed: Not authorized for images: [" + image + "]. Launching EC2 instance failed."
)

func TestHowToEndsWithAnInstanceInService(t *testing.T) {
	t.Parallel()
	a := newAccounts(t)
	a.must(t, howTo())
	a.mustShow(t, "after all steps", inService)
	a.must(t, []step{
		{"wait until the instance runs", target, instanceRunning},
		{"copy the image into the target", target, copyIntoTarget},
	})
	grants, err := a.do(t, step{"look at the grants", source, "kms list-grants --key-id " + key})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"Name": "ami-share"`, `"GranteePrincipal": "` + serviceRole + `"`, `"IssuingAccount": "arn:aws:iam::222222222222:root"`} {
		if !strings.Contains(grants, want) {
			t.Errorf("the grants lack %s: %s", want, grants)
		}
	}
}

// publishing are the steps after the how-to's: the owner says for everybody that the AMI is approved, and the target's launch
// template takes the AMI that a parameter names.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-systems-manager-parameter-to-find-AMI.html
func publishing() []step {
	const named = "--launch-template-name web"
	return []step{
		{"approve the image", source, "ec2 create-tags --resources " + image + " --tags Key=ec2:SharedTag/status,Value=approved"},
		{"name the image by a parameter", target, "ssm put-parameter --name /golden/web --type String --data-type aws:ec2:image --value " + image},
		{"label its version", target, "ssm label-parameter-version --name /golden/web --labels live"},
		{"let the template take the parameter's", target, "ec2 create-launch-template-version " + named +
			" --source-version $Latest --launch-template-data ImageId=resolve:ssm:/golden/web:live"},
		{"make that version the default", target, "ec2 modify-launch-template " + named + " --default-version 2"},
		{"want another instance", target, "autoscaling update-auto-scaling-group --auto-scaling-group-name web --max-size 2 --desired-capacity 2"},
	}
}

func TestImageIsPublished(t *testing.T) {
	t.Parallel()
	a := newAccounts(t)
	a.must(t, append(howTo(), publishing()...))
	a.mustShow(t, "with a parameter in the template", "InService\tInService Successful:")
	const latestImage = "ec2 describe-launch-template-versions --launch-template-name web --versions $Default" +
		" --query LaunchTemplateVersions[].LaunchTemplateData.ImageId --output text"
	for _, look := range []struct{ args, want string }{
		{"ec2 describe-images --filters Name=tag-key,Values=ec2:SharedTag/* --query Images[].Tags[].Value --output text", "approved"},
		{"ssm get-parameter --name /golden/web:live --query Parameter.Value --output text", image},
		{latestImage, "resolve:ssm:/golden/web:live"},
	} {
		got, err := a.do(t, step{"look", target, look.args})
		if err != nil || strings.TrimSpace(got) != look.want {
			t.Errorf("%s prints %q, want %q: %v", look.args, got, look.want, err)
		}
	}
	a.mustFail(t, step{"approve it as the target", target, "ec2 create-tags --resources " + image + " --tags Key=ec2:SharedTag/status,Value=mine"}, "(OperationNotPermitted)")
	a.mustFail(t, step{"write the parameter again", target, "ssm put-parameter --name /golden/web --type String --value x"}, "(ParameterAlreadyExists)")
}

func TestGrantLeftOut(t *testing.T) {
	t.Parallel()
	a := newAccounts(t)
	a.must(t, without(howTo(), createGrant))
	a.mustShow(t, "without the grant", keyUnusable)
	a.mustDeny(t, "no statement of the key policy allows kms:")
	a.must(t, []step{{createGrant, source, grantCommand}})
	a.mustShow(t, "with a grant that the source issued", keyUnusable)
	a.mustDeny(t, "nor a grant issued from account 222222222222 allows kms:")
	a.must(t, only(createGrant))
	a.mustShow(t, "with a grant that the target issued", inService)
}

func TestPermissionsLeftOut(t *testing.T) {
	t.Parallel()
	a := newAccounts(t)
	a.must(t, without(howTo(), shareImage, shareSnapshot, makeTemplate, makeGroup))
	a.mustFail(t, only(makeGroup)[0], "(ValidationError) when calling the CreateAutoScalingGroup operation")
	a.must(t, only(makeTemplate, makeGroup))
	a.mustShow(t, "without the launch permission", notAuthorized)
	a.must(t, only(shareImage))
	a.mustShow(t, "with the launch permission, without the snapshot's", inService)
	copyImage := step{"copy the image into the target", target, copyIntoTarget}
	a.mustFail(t, copyImage, "(InvalidRequest) when calling the CopyImage operation: You do not have permission to access the storage of this ami")
	a.must(t, append(only(shareSnapshot), copyImage))
}

func TestStepBeforeTheGrantLeftOut(t *testing.T) {
	tests := map[string]struct {
		without string // the step that is left out,
		instead *step  // or done in another way
		failing string // the step that fails
		symptom string // what it says
		reason  string // what the journal says
	}{
		"the role": {
			makeRole, nil, letRoleIn,
			"(MalformedPolicyDocumentException) when calling the PutKeyPolicy operation: Policy contains a statement with one or more invalid principals.",
			"allows kms:PutKeyPolicy",
		},
		"the key's policy": {
			letRoleIn, nil, createGrant,
			"(AccessDeniedException) when calling the CreateGrant operation: User: arn:aws:sts::222222222222:assumed-role/ami-share/packer " +
				"is not authorized to perform: kms:CreateGrant on this resource because the resource does not exist in this Region, " +
				"no resource-based policies allow access, or a resource-based policy explicitly denies access",
			"no statement of the key policy allows kms:CreateGrant",
		},
		"the role's own policy": {
			allowRole, nil, createGrant,
			"(AccessDeniedException) when calling the CreateGrant operation: User: arn:aws:sts::222222222222:assumed-role/ami-share/packer " +
				"is not authorized to perform: kms:CreateGrant",
			"account 222222222222 does not trust the key",
		},
		"the service-linked role": {
			makeServiceRole, nil, createGrant,
			"(InvalidArnException) when calling the CreateGrant operation: ARN does not refer to a valid principal: " + serviceRole,
			"allows kms:CreateGrant",
		},
		"the external id": {
			assumeRole, &step{assumeRole, source, assumeCommand}, assumeRole,
			"(AccessDenied) when calling the AssumeRole operation: User: arn:aws:iam::111111111111:user/builder " +
				"is not authorized to perform: sts:AssumeRole on resource: " + role,
			"condition StringEquals sts:ExternalId asks for golden, and the request has none",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAccounts(t)
			steps := howTo()
			at := slices.IndexFunc(steps, func(s step) bool { return s.name == test.without })
			steps = slices.Delete(steps, at, at+1)
			if test.instead != nil {
				steps = slices.Insert(steps, at, *test.instead)
			}
			err := a.follow(t, steps)
			if err == nil || !strings.HasPrefix(err.Error(), test.failing+":") || !strings.Contains(err.Error(), test.symptom) {
				t.Errorf("got %v\nwant %q: %s", err, test.failing, test.symptom)
			}
			journal := a.server.Journal()
			if last := journal[len(journal)-1]; last.Decision == "allow" || !strings.Contains(last.Reason, test.reason) {
				t.Errorf("the journal says %s: %s\nwant %s", last.Decision, last.Reason, test.reason)
			}
		})
	}
}
