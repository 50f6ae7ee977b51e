// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/iampolicy"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

// globalConditionKeys are the condition keys of all services; each API has its own besides. One that ends in "/" or ":"
// stands for all that begin so. A policy with any other key is refused: a Deny whose key never has a value would never deny.
//
// The last lines have keys that no request here has, as on AWS: callers are never service principals and never have MFA,
// and calls never come through a VPC endpoint.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
const globalConditionKeys = `
	aws:PrincipalArn aws:PrincipalAccount aws:PrincipalOrgID aws:PrincipalOrgPaths aws:PrincipalType aws:PrincipalTag/
	aws:PrincipalIsAWSService aws:userid aws:username aws:SourceIdentity aws:MultiFactorAuthPresent
	aws:RequestedRegion aws:SecureTransport aws:ViaAWSService aws:CalledVia aws:CurrentTime aws:EpochTime aws:RequestTag/ aws:TagKeys
	aws:ResourceTag/ aws:SourceIp aws:TokenIssueTime
	aws:MultiFactorAuthAge
	aws:SourceAccount aws:SourceArn aws:SourceOrgID aws:SourceOrgPaths aws:SourceVpc aws:SourceVpce`

// Learn makes the condition keys of an API known, and whom to ask for its resources' tags.
func (c *Cloud) Learn(a *API) {
	c.know(a.ConditionKeys)
	if a.ResourceTags != nil {
		c.tagsOf[a.Name] = a.ResourceTags
	}
}

func (c *Cloud) know(keys string) {
	c.conditionKeys = append(c.conditionKeys, strings.Fields(strings.ToLower(keys))...)
}

// ParsePolicy reads a document. It refuses condition keys that no request here has a value for.
func (c *Cloud) ParsePolicy(kind iampolicy.Kind, text []byte) (*iampolicy.Document, error) {
	document, err := iampolicy.Parse(kind, text)
	if err != nil {
		return nil, err
	}
	for _, key := range document.ConditionKeys() {
		if !slices.ContainsFunc(c.conditionKeys, func(known string) bool { return fitsConditionKey(known, key) }) {
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

// ContextOf holds the global condition keys about a principal.
func (c *Cloud) ContextOf(who *Principal) map[string][]string {
	context := map[string][]string{
		"aws:PrincipalArn":          {cmp.Or(who.RoleARN, who.ARN)},
		"aws:PrincipalAccount":      {who.Account.ID},
		"aws:PrincipalIsAWSService": {"false"},
		"aws:SecureTransport":       {"true"}, // AWS has no other
		"aws:CurrentTime":           {wire.Timestamp(c.Now())},
		"aws:EpochTime":             {wire.Decimal(c.Now().Unix())},
		"aws:userid":                {who.UserID},
		"aws:PrincipalType":         {"AssumedRole"},
	}
	if who.user != nil {
		context["aws:username"] = []string{who.user.Name}
		context["aws:PrincipalType"] = []string{"User"}
	} else {
		// Both are there with temporary credentials only.
		context["aws:MultiFactorAuthPresent"] = []string{"false"}
		context["aws:TokenIssueTime"] = []string{wire.Timestamp(who.Issued)}
	}
	if who.SourceIdentity != "" {
		context["aws:SourceIdentity"] = []string{who.SourceIdentity}
	}
	for key, value := range who.Tags {
		context["aws:PrincipalTag/"+key] = []string{value}
	}
	if org, paths := c.OrganizationOf(who.Account.ID); org != nil {
		context["aws:PrincipalOrgID"] = []string{org.ID}
		context["aws:PrincipalOrgPaths"] = paths
	}
	return context
}

// Origin holds the condition keys about where a call comes from. What a service does in the caller's name comes from
// elsewhere.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-sourceip
func (c *Call) Origin() map[string][]string {
	if c.from == "" {
		return nil
	}
	return map[string][]string{"aws:SourceIp": {c.from}}
}

// resourceTags are the condition keys about the tags of a resource, as the caller sees them.
func (c *Cloud) resourceTags(call *Call, arn string) map[string][]string {
	parts := strings.SplitN(arn, ":", 4)
	if len(parts) < 4 {
		return nil
	}
	service := parts[2]
	if tagsOf := c.tagsOf[service]; tagsOf != nil {
		return TagConditions(service, tagsOf(call, arn))
	}
	return nil
}

// TagConditions are the condition keys about the tags of a resource of a service: the global ones, and the service's own.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-resourcetag
func TagConditions(service string, tags map[string]string) map[string][]string {
	conditions := map[string][]string{}
	for key, value := range tags {
		conditions["aws:ResourceTag/"+key], conditions[service+":ResourceTag/"+key] = []string{value}, []string{value}
	}
	return conditions
}

// Boolean is the value of a condition key that is true or false.
func Boolean(b bool) []string { return []string{strconv.FormatBool(b)} }
