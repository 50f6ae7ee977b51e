// SPDX-License-Identifier: MPL-2.0

// Package shapes holds what the local AWS answers against the SDK's own models: each member of an answer exists, each value of an
// enumeration is one of its values, and numbers, times and flags can be read. It is for tests.
//
// SDKs skip what they don't know and take any text for an enumeration, so that a test which asks an SDK alone does not see a member
// under a wrong name.
package shapes

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// clients have a method for each action, whose result is the shape of the answer. Services are named as in policies.
var clients = map[string]reflect.Type{
	"autoscaling":   reflect.TypeFor[*autoscaling.Client](),
	"ec2":           reflect.TypeFor[*ec2.Client](),
	"iam":           reflect.TypeFor[*iam.Client](),
	"kms":           reflect.TypeFor[*kms.Client](),
	"organizations": reflect.TypeFor[*organizations.Client](),
	"ssm":           reflect.TypeFor[*ssm.Client](),
	"sts":           reflect.TypeFor[*sts.Client](),
	"tag":           reflect.TypeFor[*resourcegroupstaggingapi.Client](),
}

// Output is the shape of the answer to an action, as in "kms:CreateGrant". It tells whether the SDK has it.
func Output(action string) (reflect.Type, bool) {
	service, name, _ := strings.Cut(action, ":")
	client, ok := clients[service]
	if !ok {
		return nil, false
	}
	method, ok := client.MethodByName(name)
	if !ok {
		return nil, false
	}
	return method.Type.Out(0).Elem(), true
}

// Check returns what is wrong with the body of an answer to an action that was carried out.
func Check(action string, body []byte) []string {
	output, ok := Output(action)
	if !ok {
		return []string{"the SDK has no action " + action}
	}
	service, _, _ := strings.Cut(action, ":")
	c := checker{service: service}
	switch c.service {
	case "kms", "organizations", "ssm", "tag":
		var document any
		if err := json.Unmarshal(body, &document); err != nil {
			return []string{err.Error()}
		}
		c.value(action, output, document)
	default:
		var document node
		if err := xml.NewDecoder(bytes.NewReader(body)).Decode(&document); err != nil {
			return []string{err.Error()}
		}
		c.document(action, output, document)
	}
	return c.wrong
}

// node is an element of XML.
type node struct {
	XMLName  xml.Name
	Text     string `xml:",chardata"`
	Children []node `xml:",any"`
}

type checker struct {
	service string
	wrong   []string
}

func (c *checker) complain(format string, args ...any) {
	c.wrong = append(c.wrong, fmt.Sprintf(format, args...))
}

// document takes the envelope off: EC2 has the request id beside the members, the others have a result.
func (c *checker) document(action string, output reflect.Type, document node) {
	_, name, _ := strings.Cut(action, ":")
	if document.XMLName.Local != name+"Response" {
		c.complain("the document is a %s", document.XMLName.Local)
	}
	var members []node
	for _, child := range document.Children {
		switch child.XMLName.Local {
		case "requestId", "ResponseMetadata":
		case "return":
			// EC2 says so of what has no other answer, and the model leaves it out there.
			// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateTags.html
			if len(wireNames()[output.Name()]) > 0 || child.Text != "true" {
				members = append(members, child)
			}
		case name + "Result":
			members = child.Children
		default:
			members = append(members, child)
		}
	}
	c.element(action, output, node{Children: members})
}

// value checks what JSON has at a place.
func (c *checker) value(at string, shape reflect.Type, found any) {
	shape = pointedAt(shape)
	switch found := found.(type) {
	case nil:
	case map[string]any:
		for name, one := range found {
			if shape.Kind() == reflect.Map {
				c.value(at+"."+name, shape.Elem(), one)
			} else if field, ok := c.member(at, shape, name); ok {
				c.value(at+"."+name, field, one)
			}
		}
	case []any:
		if shape.Kind() != reflect.Slice {
			c.complain("%s is a list, and a %s in the model", at, shape)
			return
		}
		for _, one := range found {
			c.value(at+"[]", shape.Elem(), one)
		}
	case float64:
		if shape != reflect.TypeFor[time.Time]() && !number(shape) {
			c.complain("%s is a number, and a %s in the model", at, shape)
		}
	case bool:
		if shape.Kind() != reflect.Bool {
			c.complain("%s is true or false, and a %s in the model", at, shape)
		}
	case string:
		if shape == reflect.TypeFor[time.Time]() || number(shape) || shape.Kind() == reflect.Bool {
			c.complain("%s is a text, and a %s in the model", at, shape)
			return
		}
		c.text(at, shape, found)
	}
}

// element checks an element of XML.
func (c *checker) element(at string, shape reflect.Type, found node) {
	shape = pointedAt(shape)
	switch {
	case shape == reflect.TypeFor[time.Time](), shape.Kind() != reflect.Struct && shape.Kind() != reflect.Slice:
		c.text(at, shape, strings.TrimSpace(found.Text))
	case shape.Kind() == reflect.Struct:
		for _, child := range found.Children {
			if field, ok := c.member(at, shape, child.XMLName.Local); ok {
				c.element(at+"."+child.XMLName.Local, field, child)
			}
		}
	default:
		for _, child := range found.Children {
			if child.XMLName.Local != map[bool]string{true: "item", false: "member"}[c.service == "ec2"] {
				c.complain("%s is a list, and has a %s", at, child.XMLName.Local)
			}
			c.element(at+"[]", shape.Elem(), child)
		}
	}
}

// member finds a member of a structure by its name in answers.
func (c *checker) member(at string, shape reflect.Type, name string) (reflect.Type, bool) {
	if shape.Kind() != reflect.Struct {
		c.complain("%s has a member %s, and is a %s in the model", at, name, shape)
		return nil, false
	}
	field := name
	if c.service == "ec2" {
		field = wireNames()[shape.Name()][name]
	}
	found, ok := shape.FieldByName(field)
	if !ok || field == "ResultMetadata" {
		c.complain("%s has a member %s, and a %s has none in the model", at, name, shape.Name())
		return nil, false
	}
	return found.Type, true
}

// text checks a text, or what XML writes as one.
func (c *checker) text(at string, shape reflect.Type, text string) {
	var err error
	switch {
	case shape == reflect.TypeFor[time.Time]():
		_, err = time.Parse(time.RFC3339, text)
	case number(shape):
		_, err = strconv.ParseFloat(text, 64)
	case shape.Kind() == reflect.Bool:
		_, err = strconv.ParseBool(text)
	case shape.Kind() == reflect.String:
		if values := enumeration(shape); len(values) > 0 && !slices.Contains(values, text) {
			c.complain("%s is %q, and a %s is one of %q", at, text, shape.Name(), values)
		}
	}
	if err != nil {
		c.complain("%s is %q: %v", at, text, err)
	}
}

func pointedAt(shape reflect.Type) reflect.Type {
	for shape.Kind() == reflect.Pointer {
		shape = shape.Elem()
	}
	return shape
}

func number(shape reflect.Type) bool {
	return slices.Contains([]reflect.Kind{reflect.Int32, reflect.Int64, reflect.Float32, reflect.Float64}, shape.Kind())
}

// enumeration are the values that a text may have, none for any.
func enumeration(shape reflect.Type) []string {
	method, ok := shape.MethodByName("Values")
	if !ok {
		return nil
	}
	all := method.Func.Call([]reflect.Value{reflect.Zero(shape)})[0]
	var values []string
	for i := range all.Len() {
		values = append(values, all.Index(i).String())
	}
	return values
}
