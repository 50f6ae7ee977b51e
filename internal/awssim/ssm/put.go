// SPDX-License-Identifier: MPL-2.0

package ssm

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

// What a parameter can have. https://docs.aws.amazon.com/general/latest/gr/ssm.html#limits_ssm
const (
	mostVersions  = 100
	mostLevels    = 15
	longestARN    = 1011 // the name with the ARN before it
	longestValue  = 4096
	mostOfAccount = 10000
)

// write is a write of the data type aws:ec2:image, which is validated after the call was answered.
// https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-ec2-aliases.html
type write struct {
	who     *cloud.Principal
	context map[string][]string
	made    *version
	tags    map[string]string
	waits   cloud.Lag // reads
}

type putInput struct {
	Name, Value, Description, AllowedPattern, Type, DataType, Tier string
	Overwrite                                                      bool
	Tags                                                           []tag
}

// The tiers of parameters.
const (
	standardTier = "Standard"
	advancedTier = "Advanced"
)

// putParameter stores a parameter, or lets its validation begin. What an overwriting call does not name is gone afterwards: the
// description, and the pattern. AWS's pages leave that open. Where it names no tier, the account's default holds: the standard one here.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
func (c *call) putParameter() (cloud.Effect, error) {
	var in putInput
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	in.Name = strings.TrimSpace(in.Name)
	tags, err := c.checkPut(in)
	if err != nil {
		return nil, err
	}
	if err := c.mayPut(in); err != nil {
		return nil, err
	}
	if len(tags) > 0 {
		if err := c.Allowed("ssm:AddTagsToResource", c.arn(in.Name, c.Account, c.Region), tagConditions(c)); err != nil {
			return nil, err
		}
	}
	return func() (any, error) {
		made := &version{number: 1, value: in.Value, dataType: cmp.Or(in.DataType, textData), modified: c.Now()}
		made.described(in, c.Caller.ARN)
		if p := c.own().stored[in.Name]; p != nil {
			made.number = p.latest().number + 1
		}
		if made.dataType == imageData {
			context := c.Context(nil)
			context["aws:ViaAWSService"] = cloud.Boolean(true)
			c.own().pending[in.Name] = &write{c.Caller, context, made, tags, cloud.Lag(c.Hostility.ParameterValidation)}
			if c.Hostility.ParameterValidation == 0 {
				c.settle(c.Account, c.Region, in.Name)
			}
		} else {
			c.store(c.Account, c.Region, in.Name, made, tags)
		}
		return map[string]any{"Tier": made.tier, "Version": made.number}, nil
	}, nil
}

// described gives a version what a write has besides the value.
func (v *version) described(in putInput, who string) {
	v.description, v.pattern, v.tier, v.modifier = in.Description, in.AllowedPattern, cmp.Or(in.Tier, standardTier), who
}

// checkPut checks what the call has by itself, and returns its tags.
func (c *call) checkPut(in putInput) (map[string]string, error) {
	if err := c.checkName(in.Name); err != nil {
		return nil, err
	}
	switch {
	case in.Value == "":
		return nil, invalid("1 validation error detected: Value '' at 'value' failed to satisfy constraint: Member must have length greater than or equal to 1.")
	case len(in.Value) > longestValue:
		return nil, invalid("Standard tier parameters support a maximum parameter value of 4096 characters. To create a larger parameter value, " +
			"upgrade the parameter to use the advanced-parameter tier.")
	case strings.Contains(in.Value, "{{"):
		return nil, invalid("Parameter value can't nest another parameter. Do not use \"{{}}\" in the value.")
	case !slices.Contains([]string{"", "String"}, in.Type):
		return nil, wire.BadRequest("UnsupportedParameterType", "the type %s is not known here", in.Type)
	case !slices.Contains([]string{"", textData, imageData}, in.DataType):
		return nil, invalid("The following data type is not supported: %s", in.DataType)
	case !slices.Contains([]string{"", standardTier, advancedTier}, in.Tier):
		return nil, invalid("the tier %s is not known here", in.Tier)
	case len(in.Description) > 1024 || len(in.AllowedPattern) > 1024:
		return nil, invalid("1 validation error detected: Member must have length less than or equal to 1024")
	case !fits(in.AllowedPattern, in.Value):
		return nil, wire.BadRequest("ParameterPatternMismatchException", "Parameter value, cannot be validated against allowedPattern: %s", in.AllowedPattern)
	case in.Overwrite && len(in.Tags) > 0:
		return nil, invalid("Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove " +
			"overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or RemoveTagsFromResource.")
	}
	return checkTags(nil, in.Tags)
}

// fits tells whether a value fits a pattern, "" for none.
func fits(pattern, value string) bool {
	expression, err := regexp.Compile(pattern)
	return err == nil && expression.MatchString(value)
}

// mayPut asks whether the parameter can have another version.
func (c *call) mayPut(in putInput) error {
	p := c.own().stored[in.Name]
	switch {
	case c.own().pending[in.Name] != nil:
		return wire.BadRequest("TooManyUpdates", "Parameter %s is being validated. Try again later.", in.Name)
	case p == nil && in.Type == "":
		return invalid("A parameter type is required when you create a parameter.")
	case p == nil && len(c.own().stored) >= mostOfAccount:
		return wire.BadRequest("ParameterLimitExceeded", "You have exceeded the number of parameters for this AWS account.")
	case p != nil && !in.Overwrite:
		return wire.BadRequest("ParameterAlreadyExists", "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.")
	case p != nil && p.latest().tier == advancedTier && in.Tier != advancedTier:
		return invalid("This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter tier to the " +
			"standard-parameter tier. If necessary, you can delete the advanced parameter and recreate it as a standard parameter.")
	case p != nil && len(p.versions) == mostVersions && len(p.versions[0].labels) > 0:
		return wire.BadRequest("ParameterMaxVersionLimitExceeded", "You attempted to create a new version of %s by calling the PutParameter API "+
			"with the overwrite flag. Version %d, the oldest version, can't be deleted because it has a label associated with it. "+
			"Move the label to another version of the parameter, and try again.", in.Name, p.versions[0].number)
	default:
		return nil
	}
}

var (
	partOfName   = regexp.MustCompile(`^[a-zA-Z0-9_.-]+$`)
	reservedName = regexp.MustCompile(`^(?i)/?(aws|ssm)`)
)

// checkName: https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html
func (c *call) checkName(name string) error {
	parts := strings.Split(strings.TrimPrefix(name, "/"), "/")
	switch {
	case name == "":
		return invalid("1 validation error detected: Value '' at 'name' failed to satisfy constraint: Member must have length greater than or equal to 1.")
	case len(parts) > 1 && !strings.HasPrefix(name, "/"):
		return invalid("Parameter name must be a fully qualified name.")
	case strings.HasPrefix(strings.ToLower(name), "/aws"):
		return wire.BadRequest("AccessDeniedException", "No access to reserved parameter name: %s.", name)
	case reservedName.MatchString(name) || slices.ContainsFunc(parts, func(part string) bool { return !partOfName.MatchString(part) }):
		return invalid("Parameter name: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive). If formed as a path, it can consist of " +
			"sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_")
	case len(parts) > mostLevels:
		return wire.BadRequest("HierarchyLevelLimitExceededException", "A hierarchy can have a maximum of %d levels. The parameter %s has %d.", mostLevels, name, len(parts))
	case len(c.arn(name, c.Account, c.Region)) > longestARN:
		return invalid("Parameter name is too long: with its ARN it can have %d characters", longestARN)
	default:
		return nil
	}
}

// store adds a version to a parameter, and the parameter where there is none. Beyond 100 versions the oldest is dropped.
func (s *Service) store(a *cloud.Account, region, name string, made *version, tags map[string]string) {
	all := s.regions.Of(a, region).stored
	if all[name] == nil {
		all[name] = &parameter{name: name, arn: s.arn(name, a, region), tags: tags}
	}
	p := all[name]
	p.versions = append(p.versions, made)
	p.versions = p.versions[max(0, len(p.versions)-mostVersions):]
}

// Settle ends every validation.
func (s *Service) Settle() {
	for at, r := range s.regions.Each() {
		for name, w := range r.pending {
			w.waits = 0
			s.settle(s.AccountByID(at.Account), at.Region, name)
		}
	}
}

// settle ends a validation after so many reads: the value is stored if the AMI is available to the account and whoever wrote
// may describe AMIs, and forgotten without a word otherwise.
func (s *Service) settle(a *cloud.Account, region, name string) {
	r := s.regions.Of(a, region)
	w := r.pending[name]
	if w == nil || w.waits.Waits() {
		return
	}
	delete(r.pending, name)
	allowed := s.IdentityAllows(w.who, w.context, "ec2:DescribeImages", "*").Allowed
	if allowed && s.SeesImage(a, region, w.made.value) {
		s.store(a, region, name, w.made, w.tags)
	}
}
