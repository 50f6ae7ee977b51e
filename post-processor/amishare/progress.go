// SPDX-License-Identifier: MPL-2.0

package amishare

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/progress"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// quietTime is how long anything may go on without a line about it.
const quietTime = 5 * time.Second

// mostMissing is how many a line names of those that a step waits for.
const mostMissing = 3

// stepEnded says what came of a stage of changes. Other steps have lines of their own.
func (r *run) stepEnded(at progress.State) {
	if at.Changing() {
		r.ui.Say(line(at))
	}
}

// line says how far a step is, and whom it waits for.
func line(at progress.State) string {
	text := fmt.Sprintf("%s%s: %d of %d", strings.ToUpper(at.Step[:1]), at.Step[1:], at.Done, at.Total)
	if at.Failed > 0 {
		text += fmt.Sprintf(", %d failed", at.Failed)
	}
	if len(at.Missing) == 0 {
		return text
	}
	return text + ", waiting for " + sharing.Few(at.Missing, mostMissing)
}

// watched does something, and tells now and then how far it is.
func (r *run) watched(do func()) {
	done := make(chan struct{})
	var teller sync.WaitGroup
	teller.Go(func() { r.tell(done) })
	defer teller.Wait() // Packer's UI must not be used once PostProcess has returned
	defer close(done)
	do()
}

func (r *run) tell(done <-chan struct{}) {
	ticker := time.NewTicker(quietTime)
	defer ticker.Stop()
	for {
		select {
		case <-done:
			return
		case <-ticker.C:
			if at := r.steps.State(); len(at.Missing) > 0 {
				r.ui.Say(line(at))
			}
		}
	}
}
