package amishare

import (
	"fmt"

	packersdk "github.com/hashicorp/packer-plugin-sdk/packer"
)

// scrubbed is Packer's ui with the secrets taken out of all that is shown: Packer itself knows only those of variables
// that are marked as sensitive.
type scrubbed struct{ packersdk.Ui }

func (u scrubbed) Say(message string)                { u.Ui.Say(scrub(message)) }
func (u scrubbed) Sayf(format string, args ...any)   { u.Say(fmt.Sprintf(format, args...)) }
func (u scrubbed) Message(message string)            { u.Say(message) }
func (u scrubbed) Error(message string)              { u.Ui.Error(scrub(message)) }
func (u scrubbed) Errorf(format string, args ...any) { u.Error(fmt.Sprintf(format, args...)) }
func (u scrubbed) Machine(kind string, args ...string) {
	clean := make([]string, len(args))
	for i, arg := range args {
		clean[i] = scrub(arg)
	}
	u.Ui.Machine(kind, clean...)
}

func scrub(s string) string { return packersdk.LogSecretFilter.FilterString(s) }
