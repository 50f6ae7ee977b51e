// SPDX-License-Identifier: MPL-2.0

package campaign

import (
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

// call is a call of a run, as a fault names it: the nth of its action by an account in a Region.
type call struct {
	action, account, region string
	nth                     int
	write                   bool
}

// kind is a way in which a call fails.
type kind struct {
	name   string
	passes bool     // it goes away when the call is made again
	clear  bool     // AWS says no: whoever says afterwards that it is not known what was done has not listened
	says   []string // what the problem has to have in its cause or remedy; ACTION is the call's
	faults func(c call) []awssim.Fault
}

// kinds are all ways in which a single call fails.
func kinds() []kind {
	var all []kind
	add := func(like kind, of func(c call) awssim.Fault) {
		once, forEver := like, like
		once.name, once.faults = like.name+", once", func(c call) []awssim.Fault { return []awssim.Fault{onceOf(c, of(c))} }
		forEver.name, forEver.passes, forEver.faults = like.name+", for ever", false, func(c call) []awssim.Fault { return []awssim.Fault{from(c, c.nth, of(c))} }
		all = append(all, once, forEver)
	}
	always := func(f awssim.Fault) func(call) awssim.Fault { return func(call) awssim.Fault { return f } }
	add(kind{name: "denied", clear: true, says: []string{"ACTION"}}, denied)
	add(kind{name: "throttled", clear: true, passes: true}, throttled)
	add(kind{name: "fault of AWS before the effect", passes: true}, broken)
	add(kind{name: "fault of AWS after the effect", passes: true}, func(c call) awssim.Fault { return after(broken(c)) })
	add(kind{name: "connection lost before the effect", passes: true}, always(awssim.Fault{Drop: true}))
	add(kind{name: "connection lost after the effect", passes: true}, always(awssim.Fault{Drop: true, AfterEffect: true}))
	add(kind{name: "answer cut", passes: true}, always(awssim.Fault{Cut: true}))
	add(kind{name: "credentials expired", clear: true, says: []string{"expired"}}, expired)
	add(kind{name: "garbage", passes: true, says: []string{"127.0.0.1"}}, always(awssim.Fault{Body: "\x01\x02 no document"}))
	add(kind{name: "garbage after the effect", passes: true, says: []string{"127.0.0.1"}}, always(awssim.Fault{Body: "\x01\x02 no document", AfterEffect: true}))
	add(kind{name: "a proxy's page, 200", passes: true, says: []string{"127.0.0.1"}}, always(page(200)))
	add(kind{name: "a proxy's page, 200, after the effect", passes: true, says: []string{"127.0.0.1"}}, always(after(page(200))))
	add(kind{name: "a proxy's page, 403", says: []string{"127.0.0.1"}}, always(page(403)))
	add(kind{name: "a proxy's page, 502", passes: true, says: []string{"127.0.0.1"}}, always(page(502)))
	add(kind{name: "unknown code", clear: true}, always(awssim.Fault{Code: "NeverHeardOf", Message: "as nobody has"}))
	add(kind{name: "invalid parameter", clear: true}, invalid)
	return all
}

// lostThenRefused are pairs: an answer that is lost, and a refusal of the repetition.
func lostThenRefused() []kind {
	pair := func(name string, first awssim.Fault, second func(call) awssim.Fault) kind {
		return kind{name: name, faults: func(c call) []awssim.Fault {
			return []awssim.Fault{onceOf(c, first), from(c, c.nth+1, second(c))}
		}}
	}
	lost := awssim.Fault{Drop: true, AfterEffect: true}
	return []kind{
		pair("lost, then denied", lost, denied),
		pair("lost, then throttled", lost, throttled),
		pair("cut, then invalid", awssim.Fault{Cut: true}, invalid),
		pair("a proxy's page after the effect, then a fault of AWS", after(page(200)), broken),
	}
}

func onceOf(c call, f awssim.Fault) awssim.Fault {
	f.Action, f.Account, f.Region, f.Nth = c.action, c.account, c.region, c.nth
	return f
}

func from(c call, nth int, f awssim.Fault) awssim.Fault {
	f.Action, f.Account, f.Region, f.From = c.action, c.account, c.region, nth
	return f
}

func after(f awssim.Fault) awssim.Fault {
	f.AfterEffect = true
	return f
}

func (c call) service() string {
	service, _, _ := strings.Cut(c.action, ":")
	return service
}

// coded is an error with the code that a service has for it.
func (c call) coded(status int, message string, codes map[string]string) awssim.Fault {
	code, ok := codes[c.service()]
	if !ok {
		code = codes[""]
	}
	return awssim.Fault{Code: code, Status: status, Message: message}
}

func denied(c call) awssim.Fault {
	return c.coded(403, "You are not authorized to perform this operation.", map[string]string{"ec2": "UnauthorizedOperation", "kms": "AccessDeniedException", "": "AccessDenied"})
}

func throttled(c call) awssim.Fault {
	return c.coded(400, "Rate exceeded", map[string]string{"ec2": "RequestLimitExceeded", "kms": "ThrottlingException", "": "Throttling"})
}

func broken(c call) awssim.Fault {
	return c.coded(500, "An internal error has occurred", map[string]string{"kms": "KMSInternalException", "ec2": "InternalError", "": "InternalFailure"})
}

func expired(c call) awssim.Fault {
	return c.coded(400, "The security token included in the request is expired", map[string]string{"ec2": "RequestExpired", "kms": "ExpiredTokenException", "": "ExpiredToken"})
}

func invalid(c call) awssim.Fault {
	return c.coded(400, "The value is invalid.", map[string]string{"ec2": "InvalidParameterValue", "": "ValidationException"})
}

func page(status int) awssim.Fault {
	return awssim.Fault{Status: status, Body: "<!DOCTYPE html><html><head><title>Sign in</title></head><body>The proxy wants to know who you are.</body></html>"}
}
