// SPDX-License-Identifier: MPL-2.0

//go:generate packer-sdc struct-markdown
//go:generate packer-sdc mapstructure-to-hcl2 -type ParameterConfig

package access

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// An `ssm_parameter` is a parameter of Parameter Store that holds the AMI's id, one in each Region of the AMI. Consumers
// launch `resolve:ssm:` and its name, and need no id. It is written after verification, and only where that passed.
type ParameterConfig struct {
	// The name, as in `/golden/web/ami`. The parameter is made, as a `String`, or gets a new version.
	Name string `mapstructure:"name" required:"true"`
	// `aws:ec2:image`: AWS stores the id only after it has found the AMI. That can take some minutes, and needs the permission
	// `ec2:DescribeImages`. `text`: AWS stores whatever is written. Default `aws:ec2:image`.
	DataType string `mapstructure:"data_type" required:"false"`
	// A description. Without one, a parameter that exists keeps its own. It is written with the AMI's id: another description alone is no
	// reason to write. Default: none.
	Description string `mapstructure:"description" required:"false"`
	// Tags for a parameter that is made; one that exists keeps its own. Default `{}`.
	Tags map[string]string `mapstructure:"tags" required:"false"`
	// Labels for the version that holds the AMI's id, at most ten, as in `["live"]`: consumers launch
	// `resolve:ssm:/golden/web/ami:live`. A label that another version has moves. Default `[]`.
	Labels []string `mapstructure:"labels" required:"false"`
	// How long AWS is given to store the id, as in `10m`. AWS gives no sign when it does not, for want of a permission for
	// example; the parameter is then told as failed. Default `5m`.
	Timeout time.Duration `mapstructure:"timeout" required:"false"`
}

// parameterTimeout is the default of timeout. AWS says that validation takes a few minutes at the most.
const parameterTimeout = 5 * time.Minute

// The shapes of https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html and
// https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-labels.html.
var (
	parameterName  = regexp.MustCompile(`^(/[a-zA-Z0-9_.-]+)+$|^[a-zA-Z0-9_.-]+$`)
	reservedName   = regexp.MustCompile(`(?i)^/?(aws|ssm)`)
	parameterLabel = regexp.MustCompile(`^[a-zA-Z_.-][a-zA-Z0-9_.-]*$`)
)

const (
	mostLevels   = 15
	mostLabels   = 10
	longestLabel = 100
	// longestName leaves room for the ARN that comes before the name, in any partition and Region, in 1,011 characters.
	longestName = 940
)

// ParseParameters reads ssm_parameter blocks of the source.
func ParseParameters(blocks []ParameterConfig, known bool) ([]sharing.Parameter, []error) {
	f := newFindings("", known)
	return parseParameters(f, blocks), *f.errs
}

func parseParameters(f findings, blocks []ParameterConfig) []sharing.Parameter {
	var parameters []sharing.Parameter
	named := map[string]bool{}
	for _, block := range blocks {
		block.check(f.within("ssm_parameter"))
		if named[block.Name] && !f.open(block.Name) {
			f.addf("ssm_parameter: %q is named twice", block.Name)
		}
		named[block.Name] = true
		parameters = append(parameters, sharing.Parameter{
			Name: block.Name, DataType: cmp.Or(block.DataType, sharing.ImageParameter), Description: block.Description,
			Tags: block.Tags, Labels: block.Labels, Timeout: cmp.Or(block.Timeout, parameterTimeout),
		})
	}
	return parameters
}

func (p ParameterConfig) check(f findings) {
	switch name := p.Name; {
	case f.open(name):
	case name == "":
		f.addf("name: it is empty: give a name as in /golden/web/ami")
	case reservedName.MatchString(name):
		f.addf("name: %q begins with aws or ssm, which AWS keeps for itself", name)
	case !parameterName.MatchString(name):
		f.addf("name: %q is not the name of a parameter: it has letters, digits, periods, hyphens and underscores, and with levels it begins with a slash, as in /golden/web/ami", name)
	case strings.Count(name, "/") > mostLevels || len(name) > longestName:
		f.addf("name: %q is too long: it has at most %d levels and %d characters", name, mostLevels, longestName)
	}
	if p.DataType != "" && p.DataType != sharing.ImageParameter && p.DataType != sharing.TextParameter && !f.open(p.DataType) {
		f.addf("data_type: %q is neither aws:ec2:image nor text", p.DataType)
	}
	if p.Timeout < 0 {
		f.addf("timeout: %s is less than nothing", p.Timeout)
	}
	p.checkLabels(f)
}

func (p ParameterConfig) checkLabels(f findings) {
	if len(p.Labels) > mostLabels {
		f.addf("labels: there are %d, and a version has at most %d", len(p.Labels), mostLabels)
	}
	for i, label := range p.Labels {
		switch {
		case f.open(label):
		case slices.Contains(p.Labels[:i], label):
			f.addf("labels: %q is named twice", label)
		case !parameterLabel.MatchString(label) || len(label) > longestLabel || reservedName.MatchString(label):
			f.addf("labels: %q is not a label: it has at most %d letters, digits, periods, hyphens and underscores, and does not begin with a digit, aws or ssm", label, longestLabel)
		}
	}
}
