package awssim

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/iampolicy"
)

// conditionKeys are the condition keys whose values this server knows, those that end in "/" or ":" for all that begin
// so. Policies with others are refused, since a Deny that waits for a key that never comes would never deny.
//
// The last line has keys that are absent from every request here as they are on AWS: callers are never service
// principals, and calls never come through a VPC endpoint.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
var conditionKeys = strings.Fields(strings.ToLower(`
	aws:PrincipalArn aws:PrincipalAccount aws:PrincipalOrgID aws:PrincipalOrgPaths aws:PrincipalType aws:PrincipalTag/
	aws:PrincipalIsAWSService aws:userid aws:username aws:SourceIdentity aws:MultiFactorAuthPresent
	aws:RequestedRegion aws:SecureTransport aws:ViaAWSService aws:CurrentTime aws:EpochTime aws:RequestTag/ aws:TagKeys
	ec2:Attribute ec2:Add/ ec2:Remove/ ec2:CreateAction ec2:Region
	iam:AWSServiceName iam:PassedToService iam:PolicyARN
	kms:CallerAccount kms:ViaService kms:GrantIsForAWSResource kms:GranteePrincipal kms:GrantOperations
	kms:GrantConstraintType kms:RetiringPrincipal kms:EncryptionContext: kms:EncryptionContextKeys
	kms:RequestAlias kms:ResourceAliases kms:KeySpec kms:KeyUsage kms:KeyOrigin kms:MultiRegion
	sts:ExternalId sts:RoleSessionName sts:SourceIdentity sts:TransitiveTagKeys
	aws:SourceAccount aws:SourceArn aws:SourceOrgID aws:SourceOrgPaths aws:SourceVpc aws:SourceVpce`))

// parsePolicy reads a document, and refuses conditions that this server could not decide.
func parsePolicy(kind iampolicy.Kind, text []byte) (*policyDocument, error) {
	document, err := iampolicy.Parse(kind, text)
	if err != nil {
		return nil, err
	}
	for _, key := range document.ConditionKeys() {
		if !slices.ContainsFunc(conditionKeys, func(known string) bool { return fitsConditionKey(known, key) }) {
			return nil, fmt.Errorf("the condition key %q is not known here", key)
		}
	}
	return document, nil
}

func fitsConditionKey(known, key string) bool {
	if strings.HasSuffix(known, "/") || strings.HasSuffix(known, ":") {
		return strings.HasPrefix(key, known)
	}
	return known == key
}

// contextOf holds the global condition keys about a principal.
func (s *Server) contextOf(who *principal) map[string][]string {
	context := map[string][]string{
		"aws:PrincipalArn":          {cmp.Or(who.roleARN, who.arn)},
		"aws:PrincipalAccount":      {who.account.id},
		"aws:PrincipalIsAWSService": {"false"},
		"aws:SecureTransport":       {"true"}, // AWS has no other
		"aws:CurrentTime":           {timestamp(s.now())},
		"aws:EpochTime":             {decimal(s.now().Unix())},
		"aws:userid":                {who.userID},
		"aws:PrincipalType":         {"AssumedRole"},
	}
	if who.user != nil {
		context["aws:username"] = []string{who.user.name}
		context["aws:PrincipalType"] = []string{"User"}
	} else {
		context["aws:MultiFactorAuthPresent"] = []string{"false"} // present with temporary credentials only
	}
	if who.sourceIdentity != "" {
		context["aws:SourceIdentity"] = []string{who.sourceIdentity}
	}
	for key, value := range who.tags {
		context["aws:PrincipalTag/"+key] = []string{value}
	}
	if org, paths := s.organizationOf(who.account.id); org != nil {
		context["aws:PrincipalOrgID"] = []string{org.id}
		context["aws:PrincipalOrgPaths"] = paths
	}
	return context
}

func boolean(b bool) []string { return []string{strconv.FormatBool(b)} }
