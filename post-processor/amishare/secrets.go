// SPDX-License-Identifier: MPL-2.0

package amishare

import (
	"os"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	packersdk "github.com/hashicorp/packer-plugin-sdk/packer"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

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

// sensitiveVariables are the values of variables that are marked as sensitive. Packer tells a plugin their names. Their values it tells only
// of JSON templates; of HCL templates those are known that came from the environment.
func (c *Config) sensitiveVariables() []string {
	var values []string
	for _, name := range c.PackerSensitiveVars {
		for _, value := range []string{c.PackerUserVars[name], environment("PKR_VAR_" + name)} {
			values = append(append(values, value), elements(value)...)
		}
	}
	return values
}

// elements are the values in the list or map that a variable of the environment holds, as an expression of HCL. The keys of a map are no
// secrets, as in Packer: they are account ids, as a rule, and without them no report could be read.
func elements(text string) []string {
	expression, diagnostics := hclsyntax.ParseExpression([]byte(text), "", hcl.InitialPos)
	if diagnostics.HasErrors() {
		return nil
	}
	value, diagnostics := expression.Value(nil)
	if diagnostics.HasErrors() || !value.CanIterateElements() {
		return nil
	}
	var values []string
	_ = cty.Walk(value, func(_ cty.Path, element cty.Value) (bool, error) {
		if t := element.Type(); !element.IsNull() && (t == cty.String || t == cty.Number) {
			if text, err := convert.Convert(element, cty.String); err == nil {
				values = append(values, text.AsString())
			}
		}
		return true, nil
	})
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
