// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"cmp"
	"net/http"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/world"
)

// Fault is a fault that counts the calls it matches. Nil is no fault.
type Fault struct {
	world.Fault
	seen int
}

// Fail adds a fault. It counts the calls from now on.
func (c *Cloud) Fail(f world.Fault) { c.faults = append(c.faults, &Fault{Fault: f}) }

// Heal takes all faults away.
func (c *Cloud) Heal() { c.faults = nil }

// Fault counts the call and returns the fault that happens to it, or nil.
func (c *Call) Fault() *Fault {
	var happening *Fault
	for _, f := range c.cloud.faults {
		if !f.matches(c) {
			continue
		}
		f.seen++
		if happening == nil && (f.Nth == 0 || f.Nth == f.seen) && f.seen >= f.From {
			happening = f
		}
	}
	return happening
}

func (f *Fault) matches(c *Call) bool {
	return (f.Action == "" || f.Action == c.Entry.Action) && (f.Account == "" || c.Account != nil && f.Account == c.Account.ID) &&
		(f.Region == "" || f.Region == c.Region)
}

// Before is what happens to a call before its effect.
func (f *Fault) Before(a *wire.Answer) error {
	if f == nil {
		return nil
	}
	a.Delay += time.Duration(f.DelayMillis) * time.Millisecond
	a.Cut = f.Cut
	if f.AfterEffect {
		return nil
	}
	return f.happen(a)
}

// After is what happens to it after its effect.
func (f *Fault) After(a *wire.Answer) error {
	if f == nil || !f.AfterEffect {
		return nil
	}
	return f.happen(a)
}

func (f *Fault) happen(a *wire.Answer) error {
	a.Drop = f.Drop
	switch {
	case f.Drop:
		return wire.Errorf(http.StatusInternalServerError, "ConnectionDropped", "the connection is dropped")
	case f.Body != "":
		status := cmp.Or(f.Status, http.StatusOK)
		a.Instead = &wire.Page{Status: status, ContentType: cmp.Or(f.ContentType, "text/html"), Body: f.Body}
		return wire.Errorf(status, "AnsweredBySomebodyElse", "the answer does not come from AWS")
	case f.Code == "":
		return nil
	}
	status := f.Status
	if status == 0 {
		status = http.StatusBadRequest
	}
	return wire.Errorf(status, f.Code, "%s", cmp.Or(f.Message, "fault on request"))
}
