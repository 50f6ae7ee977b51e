// SPDX-License-Identifier: MPL-2.0

package awssim

import (
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

const largestBody = 4 << 20

// answer carries out one request. What it returns is written after the lock is free again.
func (s *Server) answer(r *http.Request) *wire.Answer {
	body, err := io.ReadAll(io.LimitReader(r.Body, largestBody))
	s.mu.Lock()
	defer s.mu.Unlock()
	a := &wire.Answer{RequestID: s.cloud.NewRequestID(), Date: s.cloud.Now(), Protocol: wire.Query}
	if err != nil {
		return a.Fail(wire.Errorf(http.StatusBadRequest, "RequestTimeout", "reading the request: %v", err))
	}
	c := s.cloud.NewCall(a.RequestID)
	problem := s.admit(c, r, body)
	if c.API != nil {
		a.Protocol, a.Namespace = c.API.Protocol, c.API.Namespace
	}
	a.Action = c.Action
	if problem == nil {
		a.Body, problem = perform(c, a)
	}
	c.Finish(problem)
	return a.Fail(problem)
}

// admit finds out who calls what: signature, service, action, parameters.
func (s *Server) admit(c *cloud.Call, r *http.Request, body []byte) error {
	if r.Header.Get("Authorization") == "" {
		return s.admitUnsigned(c, r, body)
	}
	sig, ok := wire.ParseSignature(r.Header.Get("Authorization"))
	if !ok {
		return unsigned()
	}
	c.Region = sig.Region
	if c.API = s.apis[sig.Service]; c.API == nil {
		return wire.Errorf(http.StatusBadRequest, "UnknownService", "the service %q is not known here", sig.Service)
	}
	if err := c.Read(r, body); err != nil {
		return err
	}
	if err := c.API.OutOfScope(s.cloud.Partition, sig.Region); err != nil {
		return err
	}
	return c.Authenticate(sig, r, body)
}

func unsigned() error {
	return wire.Errorf(http.StatusForbidden, "MissingAuthenticationToken", "Request is missing Authentication Token")
}

// admitUnsigned finds the service of a call by its target or version, and refuses actions that need a signature. The Region
// of the call is the one in the host's name, as in sts.eu-west-1.amazonaws.com.
func (s *Server) admitUnsigned(c *cloud.Call, r *http.Request, body []byte) error {
	target, _, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	values, _ := url.ParseQuery(string(body)) // read complains
	for _, a := range s.apis {
		if a.Target != "" && a.Target == target || a.Version != "" && a.Version == values.Get("Version") {
			c.API = a
		}
	}
	if c.API == nil {
		return unsigned()
	}
	if host := strings.Split(r.Host, "."); len(host) > 2 && host[0] == c.API.Name {
		c.Region = host[1]
	}
	if err := c.Read(r, body); err != nil {
		return err
	}
	if !c.API.Actions[c.Action].Unsigned {
		return unsigned()
	}
	return nil
}

// perform decides a call and carries it out, and lets faults happen to it.
func perform(c *cloud.Call, a *wire.Answer) (any, error) {
	op, ok := c.API.Actions[c.Action]
	if !ok {
		return nil, wire.Errorf(http.StatusBadRequest, c.API.Protocol.UnknownAction(), "The action %s is not valid for this endpoint: %s is not known here", c.Action, c.Action)
	}
	c.Entry.Write = op.Write
	if err := c.CheckParams(op); err != nil {
		return nil, err
	}
	if err := c.Throttle(op); err != nil {
		return nil, err
	}
	fault := c.Fault()
	if err := fault.Before(a); err != nil {
		c.Entry.Reason = "fault on request"
		return nil, err
	}
	effect, err := decide(c, op)
	if err != nil {
		return nil, err
	}
	body, err := effect()
	if err != nil {
		return nil, err
	}
	if err := fault.After(a); err != nil {
		c.Entry.Reason = "fault on request, after the effect"
		return nil, err
	}
	return body, nil
}

// decide returns the effect of a call, or its refusal.
func decide(c *cloud.Call, op cloud.Action[*cloud.Call]) (cloud.Effect, error) {
	if !op.Open && !op.Unsigned {
		if err := c.Authorize(op); err != nil {
			return nil, err
		}
	}
	effect, err := op.Handle(c)
	if err == nil && c.DryRun() {
		return nil, c.API.Protocol.DryRun()
	}
	return effect, err
}
