// SPDX-License-Identifier: MPL-2.0

package iampolicy_test

import (
	"strings"
	"testing"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/iampolicy"
)

// The pages that the rows of the tables cite.
const (
	iamGuide = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
	kmsGuide = "https://docs.aws.amazon.com/kms/latest/developerguide/"
	orgGuide = "https://docs.aws.amazon.com/organizations/latest/userguide/"

	pageGrammar     = iamGuide + "reference_policies_grammar.html"
	pageVersion     = iamGuide + "reference_policies_elements_version.html"
	pageSid         = iamGuide + "reference_policies_elements_sid.html"
	pageEffect      = iamGuide + "reference_policies_elements_effect.html"
	pagePrincipal   = iamGuide + "reference_policies_elements_principal.html"
	pageSessions    = iamGuide + "access_policies.html#policies_session"
	pageNotPrinc    = iamGuide + "reference_policies_elements_notprincipal.html"
	pageAction      = iamGuide + "reference_policies_elements_action.html"
	pageNotAction   = iamGuide + "reference_policies_elements_notaction.html"
	pageResource    = iamGuide + "reference_policies_elements_resource.html"
	pageNotResource = iamGuide + "reference_policies_elements_notresource.html"
	pageCondition   = iamGuide + "reference_policies_elements_condition.html"
	pageOperators   = iamGuide + "reference_policies_elements_condition_operators.html"
	pageValues      = iamGuide + "reference_policies_condition-logic-multiple-context-keys-or-values.html"
	pageMultivalued = iamGuide + "reference_policies_condition-single-vs-multi-valued-context-keys.html"
	pageVariables   = iamGuide + "reference_policies_variables.html"
	pageEvaluation  = iamGuide + "reference_policies_evaluation-logic_policy-eval-denyallow.html"
	pageTrust       = iamGuide + "id_roles_create_for-custom.html"
	pageARNs        = iamGuide + "reference_identifiers.html#identifiers-arns"
	pageErrors      = iamGuide + "troubleshoot_access-denied.html"
	pageBoundary    = iamGuide + "access_policies_boundaries.html"
	pageAccounts    = iamGuide + "reference_policies_evaluation-logic-cross-account.html"
	pageReference   = "https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html"
	pageSCP         = orgGuide + "orgs_manage_policies_scps_evaluation.html"
	pageRCP         = orgGuide + "orgs_manage_policies_rcps_evaluation.html"
	pageRCPSyntax   = orgGuide + "orgs_manage_policies_rcps_syntax.html"
	pageKeyPolicy   = kmsGuide + "key-policy-overview.html"
	pageKeyDefault  = kmsGuide + "key-policy-default.html"
	pageKeyForeign  = kmsGuide + "key-policy-modifying-external-accounts.html"
	pageKeyKeys     = kmsGuide + "conditions-kms.html"
)

const (
	key      = "arn:aws:kms:us-east-1:111111111111:key/0aa1"
	otherKey = "arn:aws:kms:us-east-1:111111111111:key/0bb2"
	role     = "arn:aws:iam::222222222222:role/sharing/ami-share"
	slr      = "arn:aws:iam::222222222222:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
)

// caller is a session of the role in the target account.
func caller() iampolicy.Principal {
	return iampolicy.Principal{
		ARN:       "arn:aws:sts::222222222222:assumed-role/ami-share/packer",
		RoleARN:   role,
		AccountID: "222222222222",
		UniqueID:  "AROA2222222222222222",
		Partition: "aws",
	}
}

// user is an IAM user of the same account.
func user() iampolicy.Principal {
	return iampolicy.Principal{
		ARN: "arn:aws:iam::222222222222:user/ann", AccountID: "222222222222", UniqueID: "AIDA2222222222222222", Partition: "aws",
	}
}

func createGrant(conditions map[string][]string) iampolicy.Request {
	return iampolicy.Request{Action: "kms:CreateGrant", Resource: key, Principal: caller(), Context: conditions}
}

// document writes a document of the newer version with the given statements.
func document(statements ...string) string {
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
}

func mustParse(t *testing.T, kind iampolicy.Kind, text string) *iampolicy.Document {
	t.Helper()
	d, err := iampolicy.Parse(kind, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}
