// SPDX-License-Identifier: MPL-2.0

package key

import (
	"fmt"
	"strings"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/awsapi"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// verdict is what came of looking at the keys that were found.
type verdict struct {
	Keys     []awsapi.ResolvedKey // one for each Region in which there is exactly one that is fit
	Problems []sharing.Problem
	Warnings []string
}

// judge tells which of the keys that were found can encrypt AMIs for other accounts, and why the others can't. Found
// by tags, there may be several in a Region: then the one counts that is fit.
func judge(found []awsapi.ResolvedKey, query awsapi.KeyQuery) verdict {
	var v verdict
	for _, region := range query.Regions {
		var fit, unfit []awsapi.ResolvedKey
		for _, candidate := range found {
			switch {
			case candidate.Region != region:
			case len(unfitness(candidate)) == 0:
				fit = append(fit, candidate)
			default:
				unfit = append(unfit, candidate)
			}
		}
		switch len(fit) {
		case 0:
			for _, candidate := range unfit {
				v.Problems = append(v.Problems, unfitness(candidate)...)
			}
		case 1:
			v.Keys = append(v.Keys, fit[0])
			v.Warnings = append(v.Warnings, cautions(fit[0])...)
		default:
			v.Problems = append(v.Problems, severalMatches(region, query.Tags, fit))
		}
	}
	return v
}

// flaw is a reason why a key can't be used, and what helps.
type flaw struct {
	applies bool
	cause   string
	remedy  string
}

// unfitness returns every reason why a key can't encrypt shared AMIs.
// https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption-requirements.html
func unfitness(k awsapi.ResolvedKey) []sharing.Problem {
	var problems []sharing.Problem
	for _, f := range append(kinds(k), states(k)...) {
		if f.applies {
			problems = append(problems, sharing.Problem{
				Scope: sharing.Scope{Region: k.Region}, Doing: "using the key " + k.ARN + " for shared AMIs", Cause: f.cause, Remedy: f.remedy,
			})
		}
	}
	return problems
}

const makeAnother = "Use a symmetric customer managed key with the usage ENCRYPT_DECRYPT:\naws kms create-key --region "

// kinds are flaws that a key has for life.
func kinds(k awsapi.ResolvedKey) []flaw {
	another := makeAnother + string(k.Region)
	hmac := strings.HasPrefix(k.Spec, "HMAC_")
	asymmetric := k.Spec != "" && k.Spec != "SYMMETRIC_DEFAULT" && !hmac
	return []flaw{
		{k.Manager == "AWS", "it is an AWS managed key, and its policy can't be changed to let another account in", another},
		{hmac, "it is an HMAC key (" + k.Spec + "), which computes message authentication codes and encrypts nothing", another},
		{asymmetric, "it is an asymmetric key (" + k.Spec + "), and EBS encrypts with symmetric keys only", another},
		{
			k.Usage != "" && k.Usage != "ENCRYPT_DECRYPT" && !hmac,
			"its usage is " + k.Usage + ", and EBS needs ENCRYPT_DECRYPT; a key's usage can't be changed", another,
		},
	}
}

// states are flaws that can be mended.
func states(k awsapi.ResolvedKey) []flaw {
	cause, remedy := sharing.KeyTrouble(k.State, k.ARN, k.CustomKeyStore)
	if !k.Deletion.IsZero() {
		cause += on(k.Deletion)
	}
	return []flaw{{k.State != "Enabled", cause, remedy}}
}

func on(date time.Time) string {
	return " on " + date.UTC().Format("2006-01-02 15:04 UTC")
}

// cautions are what a fit key may do to launches later.
// https://docs.aws.amazon.com/kms/latest/developerguide/custom-key-store-overview.html
func cautions(k awsapi.ResolvedKey) []string {
	switch k.Origin {
	case "EXTERNAL":
		return []string{fmt.Sprintf("%s has imported key material: when it expires or is deleted, no instance starts from the AMIs any more", k.ARN)}
	case "AWS_CLOUDHSM", "EXTERNAL_KEY_STORE":
		return []string{fmt.Sprintf("%s is in a custom key store (%s): whenever that is not connected, no instance starts from the AMIs", k.ARN, k.Origin)}
	default:
		return nil
	}
}

func severalMatches(region sharing.Region, tags map[string]string, fit []awsapi.ResolvedKey) sharing.Problem {
	var arns []string
	for _, k := range fit {
		arns = append(arns, k.ARN)
	}
	return sharing.Problem{
		Scope: sharing.Scope{Region: region}, Doing: "looking for a key with the tags " + sharing.TagText(tags),
		Cause:  fmt.Sprintf("%d keys have them: %s", len(fit), strings.Join(arns, ", ")),
		Remedy: "Add a tag that only one of them has, or name the key by key_id or alias.",
	}
}
