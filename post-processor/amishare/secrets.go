// SPDX-License-Identifier: MPL-2.0

package amishare

import (
	"os"
	"regexp"
	"slices"

	packersdk "github.com/hashicorp/packer-plugin-sdk/packer"

	"github.com/amishare/packer-plugin-ami-share/internal/access"
	"github.com/amishare/packer-plugin-ami-share/internal/mask"
)

// secrets are the values that must not be written anywhere: those of the options that hold one, every external ID, sensitive_values, the
// credentials in the environment, and the values of sensitive variables as far as Packer hands them over.
func (c *Config) secrets() []string {
	return slices.DeleteFunc(slices.Concat(access.Secrets(&c.Config, c.Targets), c.SensitiveValues, c.sensitiveVariables(), []string{
		environment("AWS_SECRET_ACCESS_KEY"), environment("AWS_SESSION_TOKEN"), environment("VAULT_TOKEN"),
	}), access.Placeholder)
}

// environment returns a variable of the environment, whose value is to be masked.
func environment(name string) string {
	return os.Getenv(name) //nolint:forbidigo // it configures nothing
}

var quotedString = regexp.MustCompile(`"([^"]+)"`)

// sensitiveVariables are the values of variables that are marked as sensitive. Packer tells a plugin their names. Their values it tells only
// of JSON templates; of HCL templates those are known that came from the environment.
func (c *Config) sensitiveVariables() []string {
	var values []string
	for _, name := range c.PackerSensitiveVars {
		for _, value := range []string{c.PackerUserVars[name], environment("PKR_VAR_" + name)} {
			values = append(values, value)
			for _, element := range quotedString.FindAllStringSubmatch(value, -1) { // of a list or a map
				values = append(values, element[1])
			}
		}
	}
	return values
}

// concealed masks all that is said, logged and written: the values of the options, and the credentials that were fetched later.
type concealed struct{ values mask.Mask }

func conceal(c *Config) *concealed {
	all := new(concealed)
	all.values.Add(c.secrets()...)
	return all
}

// text returns a text without the values.
func (c *concealed) text(s string) string {
	return packersdk.LogSecretFilter.FilterString(c.values.String(s))
}
