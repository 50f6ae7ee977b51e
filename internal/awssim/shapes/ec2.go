// SPDX-License-Identifier: MPL-2.0

package shapes

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
)

var (
	reader = regexp.MustCompile(`^func awsEc2query_deserialize(?:Op)?Document\w+\(v \*\*(?:types\.)?(\w+),`)
	named  = regexp.MustCompile(`case strings\.EqualFold\("(\w+)", t\.Name\.Local\)`)
	field  = regexp.MustCompile(`\bsv\.(\w+)`)
)

// wireNames are the names that members of EC2's structures have in answers, by the name of the structure in the SDK: EC2's names differ
// from those of the SDK's fields, and only the SDK's source of its readers has both.
var wireNames = sync.OnceValue(func() map[string]map[string]string {
	source, err := readers()
	if err != nil {
		panic(err)
	}
	names := map[string]map[string]string{}
	structure, name := "", ""
	for line := range strings.Lines(string(source)) {
		if match := reader.FindStringSubmatch(line); match != nil {
			structure, name = match[1], ""
			if names[structure] == nil {
				names[structure] = map[string]string{}
			}
		} else if match := named.FindStringSubmatch(line); match != nil {
			name = match[1]
		} else if match := field.FindStringSubmatch(line); match != nil && name != "" {
			names[structure][name], name = match[1], ""
		}
	}
	return names
})

// readers is the source of the SDK's readers of EC2's answers.
func readers() ([]byte, error) {
	out, err := exec.Command("go", "list", "-f", "{{.Dir}}", "github.com/aws/aws-sdk-go-v2/service/ec2").Output()
	if err != nil {
		return nil, fmt.Errorf("finding the SDK's source: %w", err)
	}
	return os.ReadFile(filepath.Join(string(bytes.TrimSpace(out)), "deserializers.go"))
}
