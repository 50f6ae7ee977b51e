// SPDX-License-Identifier: MPL-2.0

package parallel

import (
	"fmt"
	"log"
	"runtime/debug"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// crash is a panic, with the stack of the goroutine that it began in.
type crash struct {
	value any
	stack []byte
}

// crashOf makes a crash of what was recovered, which may be one already.
func crashOf(value any) *crash {
	if c, ok := value.(*crash); ok {
		return c
	}
	return &crash{value, debug.Stack()}
}

// Guard does something, and returns a panic in it as a problem: one target or change is lost, not the run. The stack goes
// to the log.
func Guard(scope sharing.Scope, doing string, do func()) (problem *sharing.Problem) {
	defer func() {
		value := recover()
		if value == nil {
			return
		}
		c := crashOf(value)
		log.Printf("[ERROR] %s: panic: %v\n%s", doing, c.value, c.stack)
		problem = &sharing.Problem{
			Scope: scope, Doing: doing, Cause: fmt.Sprintf("the plugin itself failed: %v", c.value),
			Remedy: "Run again with PACKER_LOG=1, and report it with what the log says after \"panic\":\nhttps://github.com/amishare/packer-plugin-ami-share/issues",
		}
	}()
	do()
	return nil
}
