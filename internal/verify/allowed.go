// SPDX-License-Identifier: MPL-2.0

package verify

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// mostCriteria is how many criteria an account's Allowed AMIs setting can have: an AMI has to meet one of them.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-allowed-amis.html
const mostCriteria = 10

// settingOf names the setting, and who rules it.
func settingOf(settings *ec2.GetAllowedImagesSettingsOutput) string {
	if settings.ManagedBy == types.ManagedByDeclarativePolicy {
		return "the account's Allowed AMIs setting (ruled by a declarative policy of the organization)"
	}
	return "the account's Allowed AMIs setting"
}

// unmet says why an AMI meets none of the criteria: for each of them, every condition that fails.
func unmet(image types.Image, criteria []types.ImageCriterion, now time.Time) string {
	var reasons []string
	for i, criterion := range criteria {
		failing := failing(image, criterion, now)
		reasons = append(reasons, fmt.Sprintf("criterion %d: %s", i+1, strings.Join(failing, ", and ")))
	}
	if len(reasons) == 0 {
		return "it has no criteria"
	}
	return strings.Join(reasons, "; ")
}

// failing are the conditions of a criterion that an AMI fails which is not allowed.
func failing(image types.Image, c types.ImageCriterion, now time.Time) []string {
	if reasons := failures(image, c, now); len(reasons) > 0 {
		return reasons
	}
	return []string{"what it fails can't be told from here"}
}

// failures are the conditions of a criterion that an AMI fails, as far as it can be told.
func failures(image types.Image, c types.ImageCriterion, now time.Time) []string {
	days := func(limit *int32, since string) bool {
		at, err := time.Parse(time.RFC3339, since)
		return err == nil && longer(limit, &at, now)
	}
	var reasons []string
	fails := func(failed bool, format string, args ...any) {
		if failed {
			reasons = append(reasons, fmt.Sprintf(format, args...))
		}
	}
	owner := aws.ToString(image.OwnerId)
	fails(!fromProvider(image, c), "its owner %s is none of the image providers %s", owner, strings.Join(c.ImageProviders, ", "))
	fails(len(c.ImageNames) > 0 && !likeAny(c.ImageNames, aws.ToString(image.Name)), "its name %q is none of %s", aws.ToString(image.Name), strings.Join(c.ImageNames, ", "))
	if age := c.CreationDateCondition; age != nil {
		fails(days(age.MaximumDaysSinceCreated, aws.ToString(image.CreationDate)), "it is older than %d days", aws.ToInt32(age.MaximumDaysSinceCreated))
	}
	if age := c.DeprecationTimeCondition; age != nil {
		fails(days(age.MaximumDaysSinceDeprecated, aws.ToString(image.DeprecationTime)), "it has been deprecated for more than %d days", aws.ToInt32(age.MaximumDaysSinceDeprecated))
	}
	reasons = append(reasons, unmarked(image, c.ImageWatermarks, now)...)
	fails(len(c.MarketplaceProductCodes) > 0 && !hasProductCode(image, c.MarketplaceProductCodes), "it has none of the product codes %s", strings.Join(c.MarketplaceProductCodes, ", "))
	reasons = append(reasons, scanned(image.ScanResults, c.ScanResultCondition, now)...)
	return reasons
}

func fromProvider(image types.Image, c types.ImageCriterion) bool {
	return len(c.ImageProviders) == 0 || slices.Contains(c.ImageProviders, aws.ToString(image.OwnerId)) ||
		image.ImageOwnerAlias != nil && slices.Contains(c.ImageProviders, *image.ImageOwnerAlias)
}

// likeAny matches with the wildcards * and ?.
func likeAny(patterns []string, name string) bool {
	escape := strings.NewReplacer(`\`, `\\`, "[", `\[`, "/", "\x00")
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		matches, err := path.Match(escape.Replace(pattern), strings.ReplaceAll(name, "/", "\x00"))
		return err == nil && matches
	})
}

func hasProductCode(image types.Image, codes []string) bool {
	return slices.ContainsFunc(image.ProductCodes, func(code types.ProductCode) bool { return slices.Contains(codes, aws.ToString(code.ProductCodeId)) })
}

// allowRemedy tells how to let an AMI pass the account's setting. A call replaces all criteria: those that are there stay
// in the command.
func allowRemedy(image types.Image, settings *ec2.GetAllowedImagesSettingsOutput, region sharing.Region, now time.Time) string {
	owner := aws.ToString(image.OwnerId)
	if aws.ToString(settings.State) == "" {
		return fmt.Sprintf("Let in AMIs of %s, in the account. This shows the criteria, which are replaced as a whole:\n"+
			"aws ec2 get-allowed-images-settings --region %s", owner, region)
	}
	if settings.ManagedBy == types.ManagedByDeclarativePolicy {
		return meets(image, settings.ImageCriteria) + "A declarative policy of the organization rules the setting, and the account can't change it: whoever administers the policy adds " + owner +
			" to the image providers of a criterion, or a criterion for it. The criteria that are there stay."
	}
	criteria, ok := allowing(image, settings.ImageCriteria, now)
	text, err := criteriaJSON(criteria)
	if !ok || err != nil {
		return fmt.Sprintf("The setting has %d criteria, and can have no more: change one of them in the account, so that it lets in AMIs of %s.", mostCriteria, owner)
	}
	return fmt.Sprintf("%sLet in AMIs of %s, in the account. The criteria that are there stay in the command:\n"+
		"aws ec2 replace-image-criteria-in-allowed-images-settings --region %s --image-criteria '%s'", meets(image, settings.ImageCriteria), owner, region, text)
}

// meets names the criteria that are for AMIs of this owner: to meet one of them is better than to widen the setting.
func meets(image types.Image, criteria []types.ImageCriterion) string {
	var numbers []string
	for i, c := range criteria {
		if len(c.ImageProviders) > 0 && fromProvider(image, c) {
			numbers = append(numbers, fmt.Sprint(i+1))
		}
	}
	if len(numbers) == 0 {
		return ""
	}
	return "Share an AMI that meets criterion " + strings.Join(numbers, " or ") + ", which lets in its owner, or widen the setting. "
}

// allowing returns criteria that let an AMI in: with its owner added to one that only wants another, or else with one more.
func allowing(image types.Image, criteria []types.ImageCriterion, now time.Time) ([]types.ImageCriterion, bool) {
	criteria = slices.Clone(criteria)
	owner := aws.ToString(image.OwnerId)
	for i, c := range criteria {
		if !fromProvider(image, c) && len(failing(image, c, now)) == 1 {
			others := slices.DeleteFunc(slices.Clone(c.ImageProviders), func(p string) bool { return p == "none" })
			criteria[i].ImageProviders = slices.Concat(others, []string{owner})
			return criteria, true
		}
	}
	return append(criteria, types.ImageCriterion{ImageProviders: []string{owner}}), len(criteria) < mostCriteria
}

// criteriaJSON writes criteria as the AWS CLI reads them: without what is not set.
func criteriaJSON(criteria []types.ImageCriterion) (string, error) {
	raw, err := json.Marshal(criteria)
	if err != nil {
		return "", err
	}
	var all any
	if err := json.Unmarshal(raw, &all); err != nil {
		return "", err
	}
	text, err := json.Marshal(withoutEmpty(all))
	return strings.ReplaceAll(string(text), "'", `'\''`), err
}

func withoutEmpty(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = withoutEmpty(v[i])
		}
	case map[string]any:
		for name, value := range v {
			if list, ok := value.([]any); value == nil || value == "" || ok && len(list) == 0 {
				delete(v, name)
				continue
			}
			v[name] = withoutEmpty(value)
		}
	}
	return v
}
