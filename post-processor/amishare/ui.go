// SPDX-License-Identifier: MPL-2.0

package amishare

import (
	"fmt"

	packersdk "github.com/hashicorp/packer-plugin-sdk/packer"
)

// masked is Packer's ui with the secrets taken out of all that is shown: Packer itself knows only the values of variables that are marked as
// sensitive, and no external IDs.
type masked struct {
	packersdk.Ui
	without func(string) string
}

func (u masked) Say(message string)                { u.Ui.Say(u.without(message)) }
func (u masked) Sayf(format string, args ...any)   { u.Say(fmt.Sprintf(format, args...)) }
func (u masked) Message(message string)            { u.Say(message) }
func (u masked) Error(message string)              { u.Ui.Error(u.without(message)) }
func (u masked) Errorf(format string, args ...any) { u.Error(fmt.Sprintf(format, args...)) }
func (u masked) Machine(kind string, args ...string) {
	clean := make([]string, len(args))
	for i, arg := range args {
		clean[i] = u.without(arg)
	}
	u.Ui.Machine(kind, clean...)
}
