// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

const pageOfProxy = "<!DOCTYPE html>\n<html><head><title>Blocked</title><style>p { color: red }</style></head><body><p>This site is not on the list &amp; the proxy says no.</p></body></html>"

// What does not come from AWS is told as that: the status, the host, the first words and where to look.
func TestAnAnswerThatIsNotAWSs(t *testing.T) {
	for name, tt := range map[string]struct {
		status   int
		body     string
		cause    string
		remedy   string
		attempts int
	}{
		"a proxy's refusal":          {403, pageOfProxy, `a web page came instead of AWS's answer: "Blocked This site is not on the list & the proxy says no."`, "HTTPS_PROXY", 1},
		"a proxy's refusal, as XML":  {403, `<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><body>No.</body></html>`, `a web page came instead of AWS's answer: "No."`, "curl -i http://127.0.0.1:", 1},
		"a gateway without backend":  {502, "<html><body><h1>502 Bad Gateway</h1></body></html>", `a web page came instead of AWS's answer: "502 Bad Gateway"`, "Run again", 2},
		"a gateway that is busy":     {503, "upstream connect error", `the answer is not one of AWS's: "upstream connect error"`, "Run again", 2},
		"a gateway that is silent":   {504, "", "the answer is empty, and AWS's never is", "Run again", 2},
		"a proxy that asks who":      {407, "<html>who?</html>", "the proxy asks who is calling", "user:password@host:port", 1},
		"a network's page to log in": {200, "<html><head><title>Welcome to the hotel</title></head></html>", `a web page came instead of AWS's answer: "Welcome to the hotel"`, "log in first", 2},
		"a redirect to that page":    {302, "<a href=\"/login\">Found</a>.", "the answer is ", "log in first", 1},
		"a long page":                {403, "<html>" + strings.Repeat("all work and no play ", 200), `all work and no" …`, "", 1},
		"bytes":                      {400, "\x00\xff\x01", "the answer is not one of AWS's: ", "AWS_ENDPOINT_URL", 1},
	} {
		for call, do := range map[string]func(*Client) error{
			"CreateGrant": func(c *Client) error { _, err := c.Do(t.Context(), someGrant); return err },
			"RetireGrant": func(c *Client) error {
				_, err := c.Do(t.Context(), plan.RetireGrant{Issuer: target, Account: target, Region: "eu-central-1", KeyARN: keyARN, GrantID: "g"})
				return err
			},
			"ModifyImageAttribute": func(c *Client) error { _, err := c.Do(t.Context(), share(target)); return err },
			"DescribeImages": func(c *Client) error {
				_, err := c.EC2(clients.Place{Region: frankfurt}).DescribeImages(t.Context(), &ec2.DescribeImagesInput{})
				return diagnose.Error(err, diagnose.Act{Doing: "looking"})
			},
		} {
			t.Run(name+" to "+call, func(t *testing.T) {
				t.Parallel()
				w := newWire(t, map[string]func(int) (int, string){call: func(int) (int, string) { return tt.status, tt.body }})
				err := do(inTarget(w, clients.Options{MaxRetries: 1}))
				problem, ok := errors.AsType[sharing.Problem](err)
				if !ok {
					t.Fatalf("got %v", err)
				}
				if problem.Status != tt.status || problem.Host != strings.TrimPrefix(w.server.URL, "http://") || problem.Code != "" {
					t.Errorf("status %d, host %q, code %q", problem.Status, problem.Host, problem.Code)
				}
				contains(t, "cause", problem.Cause, []string{tt.cause})
				contains(t, "remedy", problem.Remedy, []string{tt.remedy})
				contains(t, "message", err.Error(), []string{"HTTP status "})
				least, most := tt.attempts, tt.attempts
				if call == "CreateGrant" { // what became of it is asked by sending it again, for a while
					least, most = least+1, 2*most
				}
				if n := len(w.of(call)); n < least || n > most {
					t.Errorf("%d attempts, want %d to %d", n, least, most)
				}
			})
		}
	}
}
