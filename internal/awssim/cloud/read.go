// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

// Read takes action and parameters from the request.
func (c *Call) Read(r *http.Request, body []byte) error {
	if r.Method != http.MethodPost || r.URL.Path != "/" {
		return wire.Errorf(http.StatusBadRequest, "InvalidRequest", "%s %s is not known here: calls are POST /", r.Method, r.URL.Path)
	}
	c.from, _, _ = net.SplitHostPort(r.RemoteAddr)
	c.agent = r.UserAgent()
	var err error
	if c.API.Protocol == wire.JSON {
		err = c.readJSON(r, body)
	} else {
		err = c.readQuery(body)
	}
	if err == nil {
		c.Entry.Service, c.Entry.Action, c.Entry.Region = c.API.Name, c.API.Permission(c.Action), c.Region
	}
	return err
}

func (c *Call) readJSON(r *http.Request, body []byte) error {
	target, action, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	if target != c.API.Target {
		return wire.Errorf(http.StatusBadRequest, "UnknownOperationException", "the target %q is not known here", r.Header.Get("X-Amz-Target"))
	}
	c.Action, c.body = action, body
	return nil
}

func (c *Call) readQuery(body []byte) error {
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return wire.Errorf(http.StatusBadRequest, "MalformedQueryString", "%v", err)
	}
	c.Action = values.Get("Action")
	for name, all := range values {
		if len(all) > 1 {
			return wire.Errorf(http.StatusBadRequest, "MalformedQueryString", "The parameter %s is there %d times", name, len(all))
		}
	}
	if version := values.Get("Version"); version != c.API.Version {
		return wire.Errorf(http.StatusBadRequest, "InvalidAction", "Could not find operation %s for version %s", c.Action, version)
	}
	c.Form = wire.Form{}
	for name, all := range values {
		if name != "Action" && name != "Version" && all[0] != "" {
			c.Form[name] = all[0]
		}
	}
	return nil
}
