// SPDX-License-Identifier: MPL-2.0

package e2e

import (
	"os"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// relocate PARTITION REGION REGION FROM TO: writes a world or a template as it would be in another partition, with the
// example's two Regions replaced.
func relocate(ts *testscript.TestScript, neg bool, args []string) {
	text := strings.NewReplacer("arn:aws:", "arn:"+args[0]+":", "ap-southeast-2", args[1], "us-east-1", args[2]).Replace(ts.ReadFile(args[3]))
	if world, ok := strings.CutPrefix(text, "{"); ok {
		text = `{"partition": "` + args[0] + `",` + world
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[4]), []byte(text), 0o600))
}
