// SPDX-License-Identifier: MPL-2.0

package ssm

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

// Data types of parameters.
const (
	textData  = "text"
	imageData = "aws:ec2:image"
)

// parameter is a parameter that can be read. It has its last 100 versions, oldest first.
type parameter struct {
	name, arn string
	versions  []*version
	tags      map[string]string
}

// version is what one write made.
type version struct {
	number      int64
	value       string
	dataType    string
	description string
	pattern     string // that values have to fit
	tier        string
	labels      []string
	modified    time.Time
	modifier    string // ARN
}

func (p *parameter) latest() *version { return p.versions[len(p.versions)-1] }

// numbered returns a version, nil when there is none of the number.
func (p *parameter) numbered(number int64) *version {
	for _, v := range p.versions {
		if v.number == number {
			return v
		}
	}
	return nil
}

// selected returns the version that a selector stands for: "" for the latest, ":3" for a number, ":live" for a label.
func (p *parameter) selected(selector string) *version {
	name := strings.TrimPrefix(selector, ":")
	if name == "" {
		return p.latest()
	}
	if number, err := strconv.ParseInt(name, 10, 64); err == nil {
		return p.numbered(number)
	}
	for _, v := range p.versions {
		if slices.Contains(v.labels, name) {
			return v
		}
	}
	return nil
}

// arn of a parameter: a leading slash of the name is the one of the ARN.
func (s *Service) arn(name string, a *cloud.Account, region string) string {
	return s.arnPrefix(a, region) + strings.TrimPrefix(name, "/")
}

func (s *Service) arnPrefix(a *cloud.Account, region string) string {
	return "arn:" + s.Partition + ":ssm:" + region + ":" + a.ID + ":parameter/"
}

// selected splits what a call reads into the name and the selector of a version, with its colon. The name can be an ARN.
func (s *Service) selected(given string, a *cloud.Account, region string) (name, selector string) {
	rest, isARN := strings.CutPrefix(given, s.arnPrefix(a, region))
	name, selector = rest, ""
	if at := strings.LastIndex(rest, ":"); at >= 0 && (isARN || !strings.HasPrefix(rest, "arn:")) {
		name, selector = rest[:at], rest[at:]
	}
	// The ARN of "a" and the ARN of "/a" are alike; a name with levels has the slash.
	if isARN && strings.Contains(name, "/") {
		name = "/" + name
	}
	return name, selector
}

// find returns a parameter as it is once its validation is over, and the version that is meant. Finding counts as a read, and
// so belongs into an effect.
func (s *Service) find(given string, a *cloud.Account, region string) (*parameter, *version, error) {
	name, selector := s.selected(given, a, region)
	s.settle(a, region, name)
	p := s.regions.Of(a, region).stored[name]
	if p == nil {
		return nil, nil, notFound()
	}
	v := p.selected(selector)
	if v == nil {
		return nil, nil, wire.BadRequest("ParameterVersionNotFound", "Systems Manager could not find version %s of %s. "+
			"Verify the version and try again.", strings.TrimPrefix(selector, ":"), name)
	}
	return p, v, nil
}

// notFound has no message on AWS either.
func notFound() error { return wire.BadRequest("ParameterNotFound", "") }

type parameterItem struct {
	ARN              string
	DataType         string
	LastModifiedDate float64
	Name             string
	Selector         string `json:",omitempty"`
	Type             string
	Value            string
	Version          int64
}

func (c *call) describe(given string) (parameterItem, error) {
	p, v, err := c.find(given, c.Account, c.Region)
	if err != nil {
		return parameterItem{}, err
	}
	_, selector := c.selected(given, c.Account, c.Region)
	return parameterItem{
		ARN: p.arn, DataType: v.dataType, LastModifiedDate: float64(v.modified.UnixMilli()) / 1000, Name: p.name, Selector: selector,
		Type: "String", Value: v.value, Version: v.number,
	}, nil
}

// getParameter: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html
func (c *call) getParameter() (cloud.Effect, error) {
	var in struct {
		Name           string
		WithDecryption bool
	}
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	if in.Name == "" {
		return nil, invalid("1 validation error detected: Value null at 'name' failed to satisfy constraint: Member must not be null")
	}
	return func() (any, error) {
		item, err := c.describe(in.Name)
		return map[string]any{"Parameter": item}, err
	}, nil
}

// getParameters answers what it finds, by name, and the names of the rest.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html
func (c *call) getParameters() (cloud.Effect, error) {
	var in struct {
		Names          []string
		WithDecryption bool
	}
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	if len(in.Names) < 1 || len(in.Names) > 10 {
		return nil, invalid("1 validation error detected: Value '%v' at 'names' failed to satisfy constraint: "+
			"Member must have length less than or equal to 10, and greater than or equal to 1", in.Names)
	}
	return func() (any, error) {
		found, missing := []parameterItem{}, []string{}
		for _, name := range slices.Sorted(slices.Values(in.Names)) {
			if item, err := c.describe(name); err == nil {
				found = append(found, item)
			} else {
				missing = append(missing, name)
			}
		}
		return map[string]any{"Parameters": found, "InvalidParameters": missing}, nil
	}, nil
}

// deleteParameter: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DeleteParameter.html
func (c *call) deleteParameter() (cloud.Effect, error) {
	var in struct{ Name string }
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	if c.own().stored[in.Name] == nil {
		return nil, notFound()
	}
	return func() (any, error) {
		delete(c.own().stored, in.Name)
		delete(c.own().pending, in.Name)
		return nil, nil
	}, nil
}

func invalid(format string, args ...any) error {
	return wire.BadRequest("ValidationException", format, args...)
}
