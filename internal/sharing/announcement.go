// SPDX-License-Identifier: MPL-2.0

package sharing

import (
	"strings"
	"time"
)

// What consumers react to is announced only after verification. These are the things that can be announced.

// Announcements are what is told to an account's consumers in each Region of an AMI.
type Announcements struct {
	// Parameters of Parameter Store that are to hold the AMI's id.
	Parameters []Parameter
	// SharedTags of the AMI itself, with AWS's prefix. A target has none.
	SharedTags map[string]string
	// Watermark is the name of that of the AMI itself, "" for none. A target has none.
	Watermark string
	// Templates are launch templates that are to have the AMI. The AMIs' own account has none.
	Templates []LaunchTemplate
}

// MostWatermarks is how many an AMI can have.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ami-watermark.html
const MostWatermarks = 5

// None tells whether there is nothing to announce.
func (a Announcements) None() bool {
	return len(a.Parameters)+len(a.SharedTags)+len(a.Templates) == 0 && a.Watermark == ""
}

// The data types of a parameter that can hold an AMI's id.
const (
	ImageParameter = "aws:ec2:image" // AWS stores it only after it has found the AMI
	TextParameter  = "text"
)

// Parameter is one of Parameter Store that is to hold an AMI's id.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
type Parameter struct {
	Name        string
	DataType    string
	Description string
	Tags        map[string]string // of one that the run makes
	Labels      []string          // that are put on the version with the AMI's id
	Timeout     time.Duration     // how long AWS is given to store the value
}

// StoredParameter is a parameter as it is. The zero value is one that does not exist.
type StoredParameter struct {
	Version  int64 // the newest
	Value    string
	DataType string
	Labels   map[string]int64 // the versions that have those of the labels that are asked for
	// What else a write would take from it, unless it names it again: known of one that is to be overwritten.
	Description    string
	AllowedPattern string // a regular expression that values have to fit
	Tier           string
}

// Holds tells whether a parameter is as it is to be for an AMI.
func (p StoredParameter) Holds(image string, as Parameter) bool {
	return p.Exists() && p.Value == image && p.DataType == as.DataType
}

// Exists tells whether there is such a parameter.
func (p StoredParameter) Exists() bool { return p.Version > 0 }

// StoredParameters are those that are asked for, by Region and name.
type StoredParameters map[Region]map[string]StoredParameter

// ParameterARN returns the ARN of a parameter. The slash that a name with levels begins with is not doubled in it.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html
func ParameterARN(partition string, region Region, account AccountID, name string) string {
	return ARN{Partition: partition, Service: "ssm", Region: region, Account: account, Resource: "parameter/" + strings.TrimPrefix(name, "/")}.String()
}
