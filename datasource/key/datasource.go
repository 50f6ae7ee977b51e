// SPDX-License-Identifier: MPL-2.0

package key

import (
	"context"
	"log"

	"github.com/hashicorp/hcl/v2/hcldec"
	"github.com/hashicorp/packer-plugin-sdk/hcl2helper"
	packersdk "github.com/hashicorp/packer-plugin-sdk/packer"
	"github.com/hashicorp/packer-plugin-sdk/template/config"
	"github.com/zclconf/go-cty/cty"

	"github.com/amishare/packer-plugin-ami-share/internal/access"
	"github.com/amishare/packer-plugin-ami-share/internal/mask"
)

var _ packersdk.Datasource = (*Datasource)(nil)

// Datasource is the data source "ami-share-key".
type Datasource struct {
	config Config
}

// ConfigSpec returns the shape of the block.
func (d *Datasource) ConfigSpec() hcldec.ObjectSpec { return d.config.FlatMapstructure().HCL2Spec() }

// OutputSpec returns the shape of the result.
func (d *Datasource) OutputSpec() hcldec.ObjectSpec {
	return (&DatasourceOutput{}).FlatMapstructure().HCL2Spec()
}

// Configure reads the block and checks what can be checked without asking AWS: Packer calls it also while it only
// validates, when some values are not known.
func (d *Datasource) Configure(raws ...any) error {
	errs, checkable := access.Undecoded(config.Decode(&d.config, &config.DecodeOpts{PluginType: "ami-share-key"}, raws...))
	if checkable {
		_, wrong := d.config.check(false)
		errs = append(errs, wrong...)
	}
	return d.config.masked(access.Joined(errs))
}

// Execute finds the key and proves it. Packer gives it no context: it ends by its own timeout.
func (d *Datasource) Execute() (cty.Value, error) {
	ctx, cancel := context.WithTimeout(context.Background(), d.config.timeout())
	defer cancel()
	output, err := d.config.find(ctx)
	if err != nil {
		return cty.NullVal(cty.EmptyObject), d.config.masked(err)
	}
	for _, warning := range output.Warnings {
		log.Printf("[WARN] ami-share-key: %s", d.config.hidden().String(warning))
	}
	return hcl2helper.HCL2ValueFromConfig(output, d.OutputSpec()), nil
}

// hidden are the values that stand in no message. They do stand in the output: a trust policy has the external ID.
func (c *Config) hidden() *mask.Mask {
	hidden := new(mask.Mask)
	hidden.Add(access.Secrets(&c.Config, c.Targets)...)
	return hidden
}

func (c *Config) masked(err error) error { return c.hidden().Error(err) }
