package awssim

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const largestBody = 4 << 20

func decimal(n int64) string { return strconv.FormatInt(n, 10) }

// answer carries out one request. What it returns is written after the lock is free again.
func (s *Server) answer(r *http.Request) *answer {
	body, err := io.ReadAll(io.LimitReader(r.Body, largestBody))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ids++
	a := &answer{requestID: requestID(s.ids), date: s.now(), protocol: awsQuery}
	if err != nil {
		return a.fail(errorf(http.StatusBadRequest, "RequestTimeout", "reading the request: %v", err))
	}
	c := &call{server: s, entry: &Entry{Time: a.date, RequestID: a.requestID}}
	service, problem := s.admit(c, r, body)
	if service != nil {
		a.protocol, a.namespace = service.protocol, service.namespace
	}
	a.action = c.action
	if problem == nil {
		a.body, problem = s.perform(c, service, a)
	}
	c.entry.finish(c, problem)
	s.journal = append(s.journal, *c.entry)
	return a.fail(problem)
}

// admit finds out who calls what: signature, service, action, parameters.
func (s *Server) admit(c *call, r *http.Request, body []byte) (*service, error) {
	sig, ok := parseSignature(r.Header.Get("Authorization"))
	if !ok {
		return nil, errorf(http.StatusForbidden, "MissingAuthenticationToken", "Request is missing Authentication Token")
	}
	c.service, c.region = sig.service, sig.region
	service := s.services[sig.service]
	if service == nil {
		return nil, errorf(http.StatusBadRequest, "UnknownService", "the service %q is not known here", sig.service)
	}
	if r.Method != http.MethodPost || r.URL.Path != "/" {
		return service, errorf(http.StatusBadRequest, "InvalidRequest", "%s %s is not known here: calls are POST /", r.Method, r.URL.Path)
	}
	if err := c.read(service, r, body); err != nil {
		return service, err
	}
	c.entry.Service, c.entry.Action, c.entry.Region = c.service, service.permission(c.action), c.region
	return service, s.authenticate(c, sig, r, body)
}

// read takes action and parameters from the request.
func (c *call) read(service *service, r *http.Request, body []byte) error {
	if service.protocol == awsJSON {
		target, action, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		if target != service.target {
			return errorf(http.StatusBadRequest, "UnknownOperationException", "the target %q is not known here", r.Header.Get("X-Amz-Target"))
		}
		c.action, c.body = action, body
		return nil
	}
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return errorf(http.StatusBadRequest, "MalformedQueryString", "%v", err)
	}
	c.action = values.Get("Action")
	for name, all := range values {
		if len(all) > 1 {
			return errorf(http.StatusBadRequest, "MalformedQueryString", "The parameter %s is there %d times", name, len(all))
		}
	}
	if version := values.Get("Version"); version != service.version {
		return errorf(http.StatusBadRequest, "InvalidAction", "Could not find operation %s for version %s", c.action, version)
	}
	c.form = form{}
	for name, all := range values {
		if name != "Action" && name != "Version" && all[0] != "" {
			c.form[name] = all[0]
		}
	}
	return nil
}

// perform decides the call and carries it out.
func (s *Server) perform(c *call, service *service, a *answer) (any, error) {
	op, ok := service.operations[c.action]
	if !ok {
		return nil, errorf(http.StatusBadRequest, service.protocol.unknownAction(), "The action %s is not valid for this endpoint: %s is not known here", c.action, c.action)
	}
	c.entry.Write = op.write
	if err := c.checkParams(op); err != nil {
		return nil, err
	}
	fault := s.faultFor(c)
	if err := fault.before(a); err != nil {
		c.entry.Reason = "fault on request"
		return nil, err
	}
	if err := s.throttle(c, op); err != nil {
		return nil, err
	}
	if !op.open {
		if err := c.authorize(op); err != nil {
			return nil, err
		}
	}
	effect, err := op.handle(c)
	if err != nil {
		return nil, err
	}
	if c.dryRun() {
		return nil, service.protocol.dryRun()
	}
	body, err := effect()
	if err == nil {
		if err = fault.after(a); err != nil {
			c.entry.Reason = "fault on request, after the effect"
			body = nil
		}
	}
	return body, err
}

// dryRun tells whether the caller only asks whether the call would work. A service that has no dry runs refuses the
// parameter.
func (c *call) dryRun() bool {
	var in struct{ DryRun bool }
	return c.form.flag("DryRun") || json.Unmarshal(c.body, &in) == nil && in.DryRun
}

var listIndex = regexp.MustCompile(`\.[0-9]+(\.|$)`)

// checkParams refuses parameters that the action does not know, and those that a handler would not see or would read as
// something else. Handlers of the JSON protocol check their own.
func (c *call) checkParams(op operation) error {
	known := strings.Fields(op.params)
	var unknown []string
	for _, name := range slices.Sorted(maps.Keys(c.form)) {
		generic := name
		for listIndex.MatchString(generic) {
			generic = listIndex.ReplaceAllString(generic, ".N$1")
		}
		if !slices.Contains(known, generic) {
			unknown = append(unknown, name)
			continue
		}
		if err := c.form.checkParam(name, generic); err != nil {
			return err
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	return errorf(http.StatusBadRequest, "UnknownParameter", "The parameter %s is not recognized", strings.Join(unknown, ", "))
}

// flags are the parameters that are true or false, by their last part.
var flags = strings.Fields("AllRegions AssociatePublicIpAddress CopyImageTags DeleteAssociatedSnapshots DeleteOnTermination DisableApiStop" +
	" DisableApiTermination DryRun EbsOptimized EnaSupport Encrypted Force ForceDelete Hibernate IncludeAllInstances IncludeDeprecated" +
	" IncludeDisabled NoReboot WithCooldown")

// checkParam refuses a flag that is neither true nor false, and an entry of a list that comes after a gap.
func (f form) checkParam(name, generic string) error {
	last := generic[strings.LastIndex(generic, ".")+1:]
	if value := f[name]; slices.Contains(flags, last) && !strings.EqualFold(value, "true") && !strings.EqualFold(value, "false") {
		return errorf(http.StatusBadRequest, "InvalidParameterValue", "Invalid value '%s' for boolean parameter %s", value, name)
	}
	parts := strings.Split(name, ".")
	for i, part := range parts {
		n, err := strconv.Atoi(part)
		if err != nil {
			continue
		}
		before := strings.Join(append(slices.Clone(parts[:i]), strconv.Itoa(n-1)), ".")
		if n < 1 || part != strconv.Itoa(n) || n > 1 && f[before] == "" && len(f.sub(before)) == 0 {
			return errorf(http.StatusBadRequest, "InvalidParameterValue", "The parameter %s does not continue a list that begins with 1", name)
		}
	}
	return nil
}

// asAPIError turns any error of a handler into one that can be written.
func asAPIError(err error) *apiError {
	if problem, ok := errors.AsType[*apiError](err); ok {
		return problem
	}
	return errorf(http.StatusInternalServerError, "InternalFailure", "%v", err)
}
