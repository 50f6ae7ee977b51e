package awssim

import (
	"strconv"
	"strings"
)

// operation is a row of a service's table of contents: which parameters an action takes, which resources the caller
// needs permission on, and what carries it out.
type operation struct {
	// params lists every parameter the action knows, separated by spaces, with N for a position in a list
	// ("Filter.N.Value.N"). Query protocol only. Any other parameter refuses the call.
	params string
	// resources names the ARNs that an identity policy must allow the action on; nil stands for "*". It must not
	// change anything, and must not trust that what it names exists.
	resources func(*call) []string
	// conditions adds request condition keys ("ec2:Add/userId") beyond the global ones. May be nil.
	conditions func(*call) map[string][]string
	// open says that identity policies do not decide the action: GetCallerIdentity, and the KMS operations, which
	// are decided by key policy, grants and identity policy together in the handler.
	open bool
	// write says that the action can change state; write throttling and faults on writes go by it.
	write bool
	// handle checks the call, changes nothing, and returns its effect. It runs with the server's lock held, after
	// parameters were checked and identity policies said yes.
	handle func(*call) (effect, error)
}

// effect carries out a call that was checked, and returns the document of the answer. A dry run has none.
type effect func() (any, error)

// answering is the effect of a call that changes nothing.
func answering(document any) effect { return func() (any, error) { return document, nil } }

// call is one authenticated request on its way through the server. The server's lock is held for its whole life.
type call struct {
	server  *Server
	caller  *principal
	account *account // the caller's
	region  string   // of the credential scope
	service string   // of the credential scope: ec2, kms, sts, iam, autoscaling, tagging
	action  string
	form    form   // query protocol
	body    []byte // JSON protocol
	entry   *Entry // the journal's line about this call; handlers add resource and reason
}

// form holds the parameters of the query protocol. An empty value counts as absent, as on AWS.
type form map[string]string

// get returns the parameter, or "".
func (f form) get(name string) string { return f[name] }

// flag tells whether the parameter is "true".
func (f form) flag(name string) bool { return strings.EqualFold(f[name], "true") }

// list returns prefix.1, prefix.2, … up to the first gap.
func (f form) list(prefix string) []string {
	var values []string
	for i := 1; ; i++ {
		value, ok := f[prefix+"."+strconv.Itoa(i)]
		if !ok {
			return values
		}
		values = append(values, value)
	}
}

// structs returns the members prefix.1.*, prefix.2.*, … with the prefix taken off, up to the first gap.
func (f form) structs(prefix string) []form {
	var members []form
	for i := 1; ; i++ {
		member := f.sub(prefix + "." + strconv.Itoa(i))
		if len(member) == 0 {
			return members
		}
		members = append(members, member)
	}
}

// sub returns the parameters below prefix, with the prefix taken off.
func (f form) sub(prefix string) form {
	below := form{}
	for name, value := range f {
		if rest, ok := strings.CutPrefix(name, prefix+"."); ok {
			below[rest] = value
		}
	}
	return below
}
