package amishare

import (
	"fmt"
	"strings"
	"sync"
	"time"

	packersdk "github.com/hashicorp/packer-plugin-sdk/packer"

	"github.com/amishare/packer-plugin-ami-share/internal/apply"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// quietTime is how long anything may go on without a line about it.
const quietTime = 5 * time.Second

// progress says how far a long run has come: a line when a stage ends, and now and then in between.
type progress struct {
	ui packersdk.Ui

	mu   sync.Mutex
	last time.Time
}

func (p *progress) show(at apply.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.last.IsZero() {
		p.last = time.Now()
	}
	if at.Total == 0 || at.Done < at.Total && time.Since(p.last) < quietTime {
		return
	}
	p.last = time.Now()
	p.ui.Say(line(at))
}

func line(at apply.Progress) string {
	name := at.Stage.String()
	text := fmt.Sprintf("%s%s: %d of %d", strings.ToUpper(name[:1]), name[1:], at.Done, at.Total)
	if at.Failed > 0 {
		text += fmt.Sprintf(", %d failed", at.Failed)
	}
	return text
}

// watched does something that looks into the targets, and tells now and then how many of them it is done with.
func (r *run) watched(what string, do func()) {
	done := make(chan struct{})
	var teller sync.WaitGroup
	teller.Go(func() { r.tellTargets(what, done) })
	defer teller.Wait() // Packer's UI must not be used once PostProcess has returned
	defer close(done)
	do()
}

func (r *run) tellTargets(what string, done <-chan struct{}) {
	ticker := time.NewTicker(quietTime)
	defer ticker.Stop()
	for {
		select {
		case <-done:
			return
		case <-ticker.C:
			if n, total := r.client.Looked(); total > 0 {
				r.ui.Sayf("%s: %d of %s", what, n, sharing.Counted(total, "target"))
			}
		}
	}
}
