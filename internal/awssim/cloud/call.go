// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

// Action is a row of a service's table: which parameters an action takes, which resources the caller needs permission on,
// and what carries it out. C is the service's own kind of call.
type Action[C any] struct {
	// Params are all parameters of the action, separated by spaces, with N for a position in a list ("Filter.N.Value.N").
	// Any other parameter refuses the call. Query protocols only: handlers of the JSON protocol say it with the type that
	// they decode.
	Params string
	// Resources names the ARNs on which identity policies must allow the action; nil means "*". It must not change anything,
	// and what it names need not exist.
	Resources func(C) []string
	// Conditions returns condition keys of the request ("ec2:Add/userId") besides the global ones. May be nil.
	Conditions func(C) map[string][]string
	// Open says that identity policies alone do not decide the action: its handler asks whoever does. In KMS, that is the
	// key's policy, grants and identity policies together.
	Open bool
	// Unsigned says that the call needs no signature, because it proves in another way who makes it. Such a call has neither
	// Caller nor Account, and identity policies are not asked.
	Unsigned bool
	// Write says that the action can change state. Only writes are throttled.
	Write bool
	// Handle checks the call, changes nothing, and returns its effect. It runs after parameters were checked and identity
	// policies said yes.
	Handle func(C) (Effect, error)
}

// Effect carries out a call that was checked, and returns the document of the answer, nil for an empty one. The effect of a
// dry run is thrown away.
type Effect func() (any, error)

// Actions turns the rows of a service, which are about the service's own kind of call, into those of an API.
func Actions[C any](rows map[string]Action[C], own func(*Call) C) map[string]Action[*Call] {
	actions := map[string]Action[*Call]{}
	for name, row := range rows {
		action := Action[*Call]{
			Params: row.Params, Open: row.Open, Unsigned: row.Unsigned, Write: row.Write,
			Handle: func(c *Call) (Effect, error) { return row.Handle(own(c)) },
		}
		if row.Resources != nil {
			action.Resources = func(c *Call) []string { return row.Resources(own(c)) }
		}
		if row.Conditions != nil {
			action.Conditions = func(c *Call) map[string][]string { return row.Conditions(own(c)) }
		}
		actions[name] = action
	}
	return actions
}

// Answer is the effect of a call that changes nothing.
func Answer(document any) Effect { return func() (any, error) { return document, nil } }

// Call is one request on its way through the server.
type Call struct {
	Caller  *Principal // nil for an unsigned call
	Account *Account   // the caller's
	Region  string     // that the call was signed for
	API     *API
	Action  string
	Form    wire.Form // of the query protocols
	Entry   *Entry    // the journal's line about this call; handlers add resource and reason
	body    []byte    // of the JSON protocol
	from    string    // address of the caller, "" if it is not known
	agent   string    // the client, as it calls itself
	cloud   *Cloud
}

// NewCall returns a call about which nothing is known yet.
func (c *Cloud) NewCall(requestID string) *Call {
	return &Call{cloud: c, Entry: &Entry{Time: c.Now(), RequestID: requestID}}
}

// In is the same call in another Region.
func (c *Call) In(region string) *Call {
	there := *c
	there.Region = region
	return &there
}

// Number reads an optional number of the form; without it, the fallback counts.
func (c *Call) Number(param string, fallback int) (int, error) {
	text := c.Form.Get(param)
	if text == "" {
		return fallback, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, wire.InvalidValue(param, text)
	}
	return n, nil
}

// DryRun tells whether the caller only asks whether the call would work. An action without dry runs does not know the
// parameter, and refuses it.
func (c *Call) DryRun() bool {
	var in struct{ DryRun bool }
	return c.Form.Flag("DryRun") || json.Unmarshal(c.body, &in) == nil && in.DryRun
}

var listIndex = regexp.MustCompile(`\.[0-9]+(\.|$)`)

// CheckParams refuses parameters that the action does not know, and those that a handler would not see or would read as
// something else. Handlers of the JSON protocol check their own.
func (c *Call) CheckParams(op Action[*Call]) error {
	known := strings.Fields(op.Params)
	var unknown []string
	for _, name := range slices.Sorted(maps.Keys(c.Form)) {
		generic := name
		for listIndex.MatchString(generic) {
			generic = listIndex.ReplaceAllString(generic, ".N$1")
		}
		if !slices.Contains(known, generic) {
			unknown = append(unknown, name)
			continue
		}
		if err := c.Form.Check(name, generic); err != nil {
			return err
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	return wire.Errorf(http.StatusBadRequest, "UnknownParameter", "The parameter %s is not recognized", strings.Join(unknown, ", "))
}

// Decode reads the JSON of a call. A field that the action does not know refuses it.
func (c *Call) Decode(into any) error {
	decoder := json.NewDecoder(bytes.NewReader(c.body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return wire.Errorf(http.StatusBadRequest, "SerializationException", "%v", err)
	}
	return nil
}

// Peek reads what it can of the JSON of a call, before the handler decodes it: for the resources and conditions of the call.
func (c *Call) Peek(into any) {
	_ = json.Unmarshal(c.body, into) // Decode complains
}
