// SPDX-License-Identifier: MPL-2.0

package accounts

import (
	"context"

	"github.com/hashicorp/hcl/v2/hcldec"
	"github.com/hashicorp/packer-plugin-sdk/hcl2helper"
	packersdk "github.com/hashicorp/packer-plugin-sdk/packer"
	"github.com/hashicorp/packer-plugin-sdk/template/config"
	"github.com/zclconf/go-cty/cty"

	"github.com/amishare/packer-plugin-ami-share/internal/access"
	"github.com/amishare/packer-plugin-ami-share/internal/mask"
)

var _ packersdk.Datasource = (*Datasource)(nil)

// Datasource is the data source "ami-share-accounts".
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
	errs, checkable := access.Undecoded(config.Decode(&d.config, &config.DecodeOpts{PluginType: "ami-share-accounts"}, raws...))
	if checkable {
		errs = append(errs, d.config.check(false)...)
	}
	return d.config.masked(access.Joined(errs))
}

// Execute lists the accounts. Packer gives it no context: it ends by its own timeout.
func (d *Datasource) Execute() (cty.Value, error) {
	ctx, cancel := context.WithTimeout(context.Background(), d.config.timeout())
	defer cancel()
	output, err := d.config.list(ctx)
	if err != nil && ctx.Err() != nil {
		err = d.config.late()
	}
	if err != nil {
		return cty.NullVal(cty.EmptyObject), d.config.masked(err)
	}
	return hcl2helper.HCL2ValueFromConfig(output, d.OutputSpec()), nil
}

// masked is an error without the values that stand in no message.
func (c *Config) masked(err error) error {
	hidden := new(mask.Mask)
	hidden.Add(access.Secrets(&c.Config, nil)...)
	return hidden.Error(err)
}
