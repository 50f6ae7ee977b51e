package ssm

import (
	"net/http"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

// Reference begins an AMI that a parameter names: resolve:ssm:name, with ":version" or ":label" behind the name.
const Reference = "resolve:ssm:"

// Named returns the name of the parameter that a reference is about, with its selector, and whether it is one.
func Named(image string) (string, bool) { return strings.CutPrefix(image, Reference) }

// Resolve reads the parameter of a reference in somebody's name, who needs ssm:GetParameters. It belongs into an effect. A
// parameter of the account itself that is named by its ARN is not found; those of other accounts are not known here.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-systems-manager-parameter-to-find-AMI.html
func (s *Service) Resolve(who *cloud.Principal, region, reference string) (string, error) {
	name, ok := Named(reference)
	if !ok {
		return reference, nil
	}
	if err := s.MayResolve(who, region, reference); err != nil {
		return "", err
	}
	if strings.HasPrefix(name, "arn:") {
		return "", unresolved(name)
	}
	_, v, err := s.find(name, who.Account, region)
	if err != nil {
		return "", unresolved(name)
	}
	return v.value, nil
}

// unresolved is how EC2 refuses a reference. AWS publishes no code for it.
func unresolved(name string) error {
	return wire.BadRequest("InvalidParameterValue", "Unable to resolve the SSM parameter %s", name)
}

// MayResolve asks whether somebody may read the parameter of a reference, and journals the answer as a call that EC2 makes in
// that name. The error's code is the one that launches have been seen to fail with.
// https://github.com/kent8192/reinhardt-web/issues/2027
func (s *Service) MayResolve(who *cloud.Principal, region, reference string) error {
	given, ok := Named(reference)
	if !ok {
		return nil
	}
	name, _ := s.selected(given, who.Account, region)
	arn := s.arn(name, who.Account, region)
	context := s.ContextOf(who)
	context["aws:RequestedRegion"], context["aws:ViaAWSService"] = []string{region}, cloud.Boolean(true)
	verdict := s.IdentityAllows(who, context, "ssm:GetParameters", arn)
	entry := cloud.Entry{
		Time: s.Now(), Caller: who.ARN, Account: who.Account.ID, Service: "ec2", Action: "ssm:GetParameters", Region: region,
		Resource: arn, Decision: "allow", Reason: verdict.Reason, Status: http.StatusOK,
	}
	if verdict.Allowed {
		s.Note(entry)
		return nil
	}
	entry.Decision, entry.Status, entry.Code = "deny", http.StatusBadRequest, "AccessDeniedException"
	s.Note(entry)
	return wire.Errorf(http.StatusForbidden, "SsmAccessDenied", "Access denied to SSM: %s", verdict.Reason)
}
