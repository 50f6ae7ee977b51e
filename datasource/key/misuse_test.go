// SPDX-License-Identifier: MPL-2.0

package key_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// asTarget is the configuration of the target's role, entered as the run enters it but not narrowed.
func asTarget(externalID string) aws.Config {
	config := sdk("AKIASOURCE0000000000", frankfurt)
	config.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(config), shareRole, func(o *stscreds.AssumeRoleOptions) {
		if externalID != "" {
			o.ExternalID = &externalID
		}
	}))
	return config
}

func createGrant(ctx context.Context, config aws.Config, grantee string, more ...types.GrantOperation) error {
	_, err := kms.NewFromConfig(config).CreateGrant(ctx, &kms.CreateGrantInput{
		KeyId: aws.String(keyARN(frankfurt)), GranteePrincipal: &grantee, Operations: append(more, types.GrantOperationDecrypt),
	})
	return err
}

// tagTemplate tags a template that exists, as a canary's is tagged when it is made.
func tagTemplate(ctx context.Context, client *ec2.Client) error {
	found, err := client.DescribeLaunchTemplates(ctx, &ec2.DescribeLaunchTemplatesInput{LaunchTemplateNames: []string{"web"}})
	if err != nil {
		return err
	}
	_, err = client.CreateTags(ctx, &ec2.CreateTagsInput{
		Resources: []string{aws.ToString(found.LaunchTemplates[0].LaunchTemplateId)},
		Tags:      []ec2types.Tag{{Key: aws.String(sharing.CanaryTag), Value: aws.String("x")}},
	})
	return err
}

// launchByItself starts an instance of the AMI, once it is shared, without a launch template.
func launchByItself(ctx context.Context, config aws.Config) error {
	_, err := ec2.NewFromConfig(sdk("AKIASOURCE0000000000", frankfurt)).ModifyImageAttribute(ctx, &ec2.ModifyImageAttributeInput{
		ImageId: aws.String(imageID), LaunchPermission: &ec2types.LaunchPermissionModifications{Add: []ec2types.LaunchPermission{{UserId: aws.String(targetID)}}},
	})
	if err != nil {
		return err
	}
	_, err = ec2.NewFromConfig(config).RunInstances(ctx, &ec2.RunInstancesInput{ImageId: aws.String(imageID), MinCount: aws.Int32(1), MaxCount: aws.Int32(1)})
	return err
}

func tagAMI(ctx context.Context, client *ec2.Client) error {
	_, err := client.CreateTags(ctx, &ec2.CreateTagsInput{Resources: []string{imageID}, Tags: []ec2types.Tag{{Key: aws.String("owner"), Value: aws.String("me")}}})
	return err
}

// report is a report of who uses the AMI that somebody has asked for.
const report = "amiur-0123456789abcdef0"

func withReport(w *awssim.World) {
	region := w.Accounts[0].Regions[frankfurt]
	region.ImageUsageReports = []awssim.WorldImageUsageReport{{ID: report, Image: imageID}}
	w.Accounts[0].Regions[frankfurt] = region
}

func deleteReport(ctx context.Context, client *ec2.Client) error {
	_, err := client.DeleteImageUsageReport(ctx, &ec2.DeleteImageUsageReportInput{ReportId: aws.String(report)})
	return err
}

// TestConditionsKeepOut has a misuse for each condition of the policies: it is refused with the condition, and with it
// alone. The documents on the other side allow everything, so that nothing else refuses. Only what
// iam:AWSServiceName, iam:PassedToService and ec2:CreateAction of reports say, something else says as well.
func TestConditionsKeepOut(t *testing.T) {
	serve(t, jobWorld(administrators(), source))
	handed := handedOut(t, dataBlock())
	keyOnly, roleOnly, trustOnly, sourceOnly := administrators(), administrators(), administrators(), administrators()
	keyOnly.keyStatements, roleOnly.targetRole, trustOnly.targetTrust, sourceOnly.source = handed.keyStatements, handed.targetRole, handed.targetTrust, handed.source
	sourceOnly.keyStatements = nil // the key delegates to its account, whose policies then decide
	kept := map[string]bool{
		"target role iam:AWSServiceName":  true, // by the next test
		"source ec2:CreateAction":         true, // by the local AWS, where nobody tags a report that is made already
		"target role iam:PassedToService": true, // by the role's own trust policy: no other service can use it
	}
	for name, test := range map[string]struct {
		document  string
		documents documents
		condition string
		misuse    func(context.Context) error
	}{
		"the key's policy refuses another grantee": {"key", keyOnly, "kms:GranteePrincipal", func(ctx context.Context) error {
			return createGrant(ctx, asTarget(externalID), shareRole)
		}},
		"the key's policy refuses another operation": {"key", keyOnly, "kms:GrantOperations", func(ctx context.Context) error {
			return createGrant(ctx, asTarget(externalID), goldenRole, types.GrantOperationRetireGrant)
		}},
		"the role's policy refuses another grantee": {"target role", roleOnly, "kms:GranteePrincipal", func(ctx context.Context) error {
			return createGrant(ctx, asTarget(externalID), shareRole)
		}},
		"the role's policy refuses another operation": {"target role", roleOnly, "kms:GrantOperations", func(ctx context.Context) error {
			return createGrant(ctx, asTarget(externalID), goldenRole, types.GrantOperationRetireGrant)
		}},
		"the trust policy refuses another external id": {"trust", trustOnly, "sts:ExternalId", func(ctx context.Context) error {
			_, err := asTarget("other").Credentials.Retrieve(ctx)
			return err
		}},
		"the trust policy refuses no external id": {"trust", trustOnly, "sts:ExternalId", func(ctx context.Context) error {
			_, err := asTarget("").Credentials.Retrieve(ctx)
			return err
		}},
		"the role tags templates only while it makes them": {"target role", roleOnly, "ec2:CreateAction", func(ctx context.Context) error {
			return tagTemplate(ctx, ec2.NewFromConfig(asTarget(externalID)))
		}},
		"the role deletes no template but a canary's": {"target role", roleOnly, "aws:ResourceTag/" + sharing.CanaryTag, func(ctx context.Context) error {
			_, err := ec2.NewFromConfig(asTarget(externalID)).DeleteLaunchTemplate(ctx, &ec2.DeleteLaunchTemplateInput{LaunchTemplateName: aws.String("web")})
			return err
		}},
		"the role launches nothing but by a template": {"target role", roleOnly, "ec2:LaunchTemplate", func(ctx context.Context) error {
			return launchByItself(ctx, asTarget(externalID))
		}},
		"the source writes no tags but shared ones": {"source", sourceOnly, "aws:TagKeys", func(ctx context.Context) error {
			return tagAMI(ctx, ec2.NewFromConfig(sdk("AKIASOURCE0000000000", frankfurt)))
		}},
		"the source deletes no report but the run's": {"source", sourceOnly, "aws:ResourceTag/" + sharing.UsageTag, func(ctx context.Context) error {
			return deleteReport(ctx, ec2.NewFromConfig(sdk("AKIASOURCE0000000000", frankfurt)))
		}},
		"the source makes no grants itself": {"source", sourceOnly, "kms:GrantIsForAWSResource", func(ctx context.Context) error {
			return createGrant(ctx, sdk("AKIASOURCE0000000000", frankfurt), goldenRole)
		}},
	} {
		kept[test.document+" "+test.condition] = true
		t.Run(name, func(t *testing.T) {
			w := jobWorld(test.documents, source)
			withRole(&w)
			withReport(&w)
			serve(t, w)
			if err := test.misuse(t.Context()); !accessDenied(err) {
				t.Errorf("with the condition: %v", err)
			}
			w = jobWorld(unconditional(t, test.documents, test.condition), source)
			withRole(&w)
			withReport(&w)
			serve(t, w)
			if err := test.misuse(t.Context()); err != nil {
				t.Errorf("without it: %v", err)
			}
		})
	}
	for _, condition := range conditionsOf(t, handed) {
		if !kept[condition] {
			t.Errorf("no misuse shows what the condition is for: %s", condition)
		}
	}
}

// conditionsOf names the conditions of documents, each with its document in front.
func conditionsOf(t *testing.T, d documents) []string {
	t.Helper()
	var all []string
	for name, statements := range map[string][]map[string]any{
		"key": decodedAll(t, d.keyStatements), "source": statementsOf(t, d.source), "target role": statementsOf(t, d.targetRole), "trust": statementsOf(t, d.targetTrust),
	} {
		for _, s := range statements {
			operators, _ := s["Condition"].(map[string]any)
			for _, keys := range operators {
				for key := range keys.(map[string]any) {
					all = append(all, name+" "+key)
				}
			}
		}
	}
	return all
}

func TestTheRolesPolicyRefusesOtherServicesRoles(t *testing.T) {
	serve(t, jobWorld(administrators(), source))
	serve(t, jobWorld(handedOut(t, dataBlock()), source))
	_, err := iam.NewFromConfig(asTarget(externalID), inVirginia).CreateServiceLinkedRole(t.Context(), &iam.CreateServiceLinkedRoleInput{AWSServiceName: aws.String("spot.amazonaws.com")})
	if !accessDenied(err) {
		t.Error(err)
	}
}

func accessDenied(err error) bool {
	var api smithy.APIError
	return errors.As(err, &api) && (strings.HasPrefix(api.ErrorCode(), "AccessDenied") || api.ErrorCode() == "UnauthorizedOperation")
}

// unconditional takes a condition out of all documents.
func unconditional(t *testing.T, d documents, condition string) documents {
	t.Helper()
	strip := func(statements []map[string]any) []map[string]any {
		for _, s := range statements {
			operators, _ := s["Condition"].(map[string]any)
			for operator, keys := range operators {
				delete(keys.(map[string]any), condition)
				if len(keys.(map[string]any)) == 0 {
					delete(operators, operator)
				}
			}
			if len(operators) == 0 {
				delete(s, "Condition")
			}
		}
		return statements
	}
	d.source = whole(t, strip(statementsOf(t, d.source)))
	d.targetRole = whole(t, strip(statementsOf(t, d.targetRole)))
	d.targetTrust = whole(t, strip(statementsOf(t, d.targetTrust)))
	key := decodedAll(t, d.keyStatements)
	d.keyStatements = nil
	for _, s := range strip(key) {
		d.keyStatements = append(d.keyStatements, marshal(t, s))
	}
	return d
}

// inVirginia signs IAM's calls for the one Region that IAM has.
func inVirginia(o *iam.Options) { o.Region = virginia }
