// SPDX-License-Identifier: MPL-2.0

package bootstrap

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// What Terraform puts in the place of accountHere and externalIDHere. hclwrite takes texts literally: what stands for a
// template is put in afterwards.
const (
	terraformAccount    = "${data.aws_caller_identity.current.account_id}"
	terraformExternalID = "${local.external_ids[data.aws_caller_identity.current.account_id]}"
)

// terraform is the role as a module that is applied in each account.
func (r role) terraform() string {
	file := hclwrite.NewEmptyFile()
	body := file.Body()
	variable(body, "role_path", cty.StringVal(r.path), "Path of the role, as in role_name of the target.")
	variable(body, "permissions_boundary", cty.NullVal(cty.String), "ARN of the permissions boundary, if the organization demands one.")
	ids := map[string]cty.Value{}
	for account, id := range r.externalIDs {
		if id != "" {
			ids[string(account)] = cty.StringVal(id)
		}
	}
	if len(ids) > 0 {
		body.AppendNewBlock("locals", nil).Body().SetAttributeValue("external_ids", cty.ObjectVal(ids))
		body.AppendNewline()
	}
	body.AppendNewBlock("data", []string{"aws_caller_identity", "current"})
	body.AppendNewline()
	resource := body.AppendNewBlock("resource", []string{"aws_iam_role", "ami_share"}).Body()
	resource.SetAttributeValue("name", cty.StringVal(r.name))
	resource.SetAttributeRaw("path", expression("var.role_path"))
	resource.SetAttributeRaw("permissions_boundary", expression("var.permissions_boundary"))
	resource.SetAttributeRaw("assume_role_policy", encoded(r.trust))
	body.AppendNewline()
	inline := body.AppendNewBlock("resource", []string{"aws_iam_role_policy", "ami_share"}).Body()
	inline.SetAttributeValue("name", cty.StringVal("ami-share"))
	inline.SetAttributeRaw("role", expression("aws_iam_role.ami_share.id"))
	inline.SetAttributeRaw("policy", encoded(r.policy))
	return strings.NewReplacer("$"+accountHere, terraformAccount, "$"+externalIDHere, terraformExternalID).Replace(formatted(file))
}

// terraformOf are the policies of the keys that can be written whole.
func terraformOf(policies []keyPolicy) string {
	file := hclwrite.NewEmptyFile()
	for _, p := range policies {
		if !p.whole {
			continue
		}
		if len(file.Body().Blocks()) > 0 {
			file.Body().AppendNewline()
		}
		body := file.Body().AppendNewBlock("resource", []string{"aws_kms_key_policy", identifier(p)}).Body()
		body.SetAttributeValue("region", cty.StringVal(string(sharing.RegionOf(p.arn))))
		body.SetAttributeValue("key_id", cty.StringVal(p.arn))
		body.SetAttributeRaw("policy", encoded(p.text))
	}
	return formatted(file)
}

var notInIdentifier = regexp.MustCompile(`[^a-z0-9]+`)

func identifier(p keyPolicy) string {
	return notInIdentifier.ReplaceAllString(strings.ToLower(p.file), "_")
}

func variable(body *hclwrite.Body, name string, value cty.Value, description string) {
	block := body.AppendNewBlock("variable", []string{name}).Body()
	block.SetAttributeRaw("type", expression("string"))
	block.SetAttributeValue("default", value)
	block.SetAttributeValue("description", cty.StringVal(description))
	body.AppendNewline()
}

// expression are the tokens of an expression.
func expression(text string) hclwrite.Tokens {
	return hclwrite.Tokens{{Type: hclsyntax.TokenIdent, Bytes: []byte(text)}}
}

// encoded is a document as a value that Terraform makes JSON of.
func encoded(document string) hclwrite.Tokens {
	return hclwrite.TokensForFunctionCall("jsonencode", hclwrite.TokensForValue(valueOf(decoded(document))))
}

// valueOf is a document as a value of HCL.
func valueOf(v any) cty.Value {
	switch v := v.(type) {
	case string:
		return cty.StringVal(v)
	case bool:
		return cty.BoolVal(v)
	case float64:
		return cty.NumberFloatVal(v)
	case []any:
		values := make([]cty.Value, len(v))
		for i, element := range v {
			values[i] = valueOf(element)
		}
		return cty.TupleVal(values)
	case object:
		values := map[string]cty.Value{}
		for key, element := range v {
			values[key] = valueOf(element)
		}
		return cty.ObjectVal(values)
	default:
		return cty.StringVal(fmt.Sprint(v))
	}
}

func formatted(file *hclwrite.File) string {
	return string(bytes.TrimLeft(hclwrite.Format(file.Bytes()), "\n"))
}
