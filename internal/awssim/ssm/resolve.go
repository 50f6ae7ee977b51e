// SPDX-License-Identifier: MPL-2.0

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

// Resolve returns the AMI that a launch names: by its id, or by a reference, whose parameter is read in somebody's name, who needs
// ssm:GetParameters. A launch finds what was stored before. A parameter of the account itself that is named by its ARN is not
// found, and those of other accounts are not known here.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-systems-manager-parameter-to-find-AMI.html
func (s *Service) Resolve(who *cloud.Principal, region, reference string) (string, error) {
	name, ok := Named(reference)
	if !ok {
		return reference, nil
	}
	if err := s.MayResolve(who, region, reference); err != nil {
		return "", err
	}
	if value := s.Value(who.Account, region, reference); value != "" {
		return value, nil
	}
	// AWS publishes no code for it.
	return "", wire.BadRequest("InvalidParameterValue", "Unable to resolve the SSM parameter %s", name)
}

// Value is what a reference of an account stands for, without asking anybody; "" when its parameter does not exist. What is no
// reference stands for itself.
func (s *Service) Value(a *cloud.Account, region, reference string) string {
	given, ok := Named(reference)
	if !ok {
		return reference
	}
	name, selector, _ := strings.Cut(given, ":")
	if p := s.regions.Of(a, region).stored[name]; p != nil {
		if v := p.selected(selector); v != nil {
			return v.value
		}
	}
	return ""
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

// Having are the ARNs of an account's parameters that have a value in their latest version, sorted.
func (s *Service) Having(a *cloud.Account, region, value string) []string {
	var arns []string
	for _, p := range cloud.SortedValues(s.regions.Of(a, region).stored) {
		if p.latest().value == value {
			arns = append(arns, p.arn)
		}
	}
	return arns
}
