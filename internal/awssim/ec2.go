package awssim

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ec2Operations is the table of contents of EC2.
func (s *Server) ec2Operations() map[string]operation {
	all := map[string]operation{}
	for _, part := range []map[string]operation{
		imageOperations(), imageSharingOperations(), imageSettingOperations(), snapshotOperations(),
		encryptionOperations(), tagOperations(), networkOperations(), volumeOperations(),
		instanceOperations(), launchTemplateOperations(),
	} {
		maps.Copy(all, part)
	}
	return all
}

// Parameters that many actions share.
const (
	filterParams  = " Filter.N.Name Filter.N.Value.N"
	pageParams    = " MaxResults NextToken"
	tagSpecParams = " TagSpecification.N.ResourceType TagSpecification.N.Tag.N.Key TagSpecification.N.Tag.N.Value"
	deviceParams  = " BlockDeviceMapping.N.DeviceName BlockDeviceMapping.N.NoDevice BlockDeviceMapping.N.VirtualName" +
		" BlockDeviceMapping.N.Ebs.SnapshotId BlockDeviceMapping.N.Ebs.VolumeSize BlockDeviceMapping.N.Ebs.VolumeType" +
		" BlockDeviceMapping.N.Ebs.Encrypted BlockDeviceMapping.N.Ebs.KmsKeyId" +
		" BlockDeviceMapping.N.Ebs.DeleteOnTermination BlockDeviceMapping.N.Ebs.Iops BlockDeviceMapping.N.Ebs.Throughput"
)

// returned is the answer of the many actions that have nothing to say.
type returned struct {
	Return bool `xml:"return"`
}

func done() (any, error) { return &returned{Return: true}, nil }

// items is a list as EC2 writes it: an element that is there even when it is empty.
type items[T any] struct {
	Items []T `xml:"item"`
}

// ec2ARN is the ARN of something of the caller's account.
func (c *call) ec2ARN(kind, id string) string {
	return "arn:" + c.server.partition + ":ec2:" + c.region + ":" + c.account.id + ":" + kind + "/" + id
}

// imageARN and snapshotARN carry no account, as images and snapshots can belong to anybody.
func (c *call) imageARN(id string) string {
	return "arn:" + c.server.partition + ":ec2:" + c.region + "::image/" + id
}

func (c *call) snapshotARN(id string) string {
	return "arn:" + c.server.partition + ":ec2:" + c.region + "::snapshot/" + id
}

// onImage, onSnapshot and on name the resource of an action from the parameter that holds its id.
func onImage(c *call) []string { return []string{c.imageARN(c.form.get("ImageId"))} }

func onSnapshot(c *call) []string { return []string{c.snapshotARN(c.form.get("SnapshotId"))} }

func on(kind, param string) func(*call) []string {
	return func(c *call) []string { return []string{c.ec2ARN(kind, c.form.get(param))} }
}

func onEach(kind, param string) func(*call) []string {
	return func(c *call) []string {
		var arns []string
		for _, id := range c.form.list(param) {
			arns = append(arns, c.ec2ARN(kind, id))
		}
		return arns
	}
}

// require refuses a call without one of the parameters.
func (c *call) require(params ...string) error {
	for _, param := range params {
		if c.form.get(param) == "" {
			return errorf(http.StatusBadRequest, "MissingParameter", "The request must contain the parameter %s", param)
		}
	}
	return nil
}

func badRequest(code, format string, args ...any) error {
	return errorf(http.StatusBadRequest, code, format, args...)
}

func invalidValue(param, value string) error {
	return badRequest("InvalidParameterValue", "Value (%s) for parameter %s is invalid.", value, param)
}

// wellFormed tells whether id is prefix and then something an id can be in a world file, where names may speak.
func wellFormed(prefix, id string) bool {
	rest, ok := strings.CutPrefix(id, prefix)
	return ok && rest != "" && strings.Trim(rest, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// malformed tells whether EC2 would not take id for one of its own: prefix and 8 or 17 hexadecimal digits. The names of a
// world file that is there are ids, too. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html
func malformed(prefix, id string, there bool) bool {
	digits, ok := strings.CutPrefix(id, prefix)
	return !there && (!ok || len(digits) != 8 && len(digits) != 17 || strings.Trim(digits, "0123456789abcdef") != "")
}

func isAccountID(v string) bool {
	return len(v) == 12 && strings.Trim(v, "0123456789") == ""
}

// timestamp is a time as EC2 writes it.
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// number reads an optional number of the form; absent means the fallback.
func (c *call) number(param string, fallback int) (int, error) {
	text := c.form.get(param)
	if text == "" {
		return fallback, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, invalidValue(param, text)
	}
	return n, nil
}

// page cuts a list into the page that the call asks for and returns the token of the next one.
func page[T any](c *call, all []T, sizeParam string, most int) ([]T, string, error) {
	requested, err := c.number(sizeParam, 0)
	if err != nil {
		return nil, "", err
	}
	start := 0
	if token := c.form.get("NextToken"); token != "" {
		start, err = strconv.Atoi(strings.TrimPrefix(token, pageToken))
		if err != nil || !strings.HasPrefix(token, pageToken) || start > len(all) {
			return nil, "", badRequest("InvalidNextToken", "The token %q is invalid.", token)
		}
	}
	end := min(start+c.server.pageSize(requested, most), len(all))
	if end == len(all) {
		return all[start:], "", nil
	}
	return all[start:end], pageToken + strconv.Itoa(end), nil
}

// pageToken starts every token, so that a number of the client's own making is noticed.
const pageToken = "page-from-"

// sortedValues returns the values of a map by key.
func sortedValues[T any](m map[string]T) []T {
	values := make([]T, 0, len(m))
	for _, key := range slices.Sorted(maps.Keys(m)) {
		values = append(values, m[key])
	}
	return values
}
