// SPDX-License-Identifier: MPL-2.0

package diagnose

import (
	"errors"
	"fmt"
	"html"
	"regexp"
	"strings"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// NotAWS is an answer that does not come from AWS's API: a proxy's page, a network that asks to log in first, garbage.
type NotAWS struct {
	Status int
	Scheme string // "https", or "http" for an endpoint of the user's own
	Host   string // that was asked
	Body   string // how it begins
}

// Error names what came.
func (e *NotAWS) Error() string {
	cause, _ := e.explain()
	return fmt.Sprintf("HTTP status %d from %s: %s", e.Status, e.Host, cause)
}

// HTTPStatusCode lets the SDK repeat what a gateway could not pass on.
func (e *NotAWS) HTTPStatusCode() int { return e.Status }

// HTTP's status codes.
const (
	redirects    = 300 // and above: not a success
	proxyAsks    = 407
	serverErrors = 500 // and above
)

// BodyLimit is how much of an answer's beginning is looked at.
const BodyLimit = 1024

// Genuine tells by the beginning of an answer's body whether it has the form of AWS's API: JSON where that was asked for,
// else XML. No body is right for a success in JSON only.
func Genuine(status int, json bool, body string) bool {
	body = strings.TrimSpace(body)
	switch {
	case body == "":
		return json && status < redirects
	case json:
		return body[0] == '{'
	default:
		return body[0] == '<' && !isPage(body)
	}
}

var page = regexp.MustCompile(`(?i)^(<!--.*?-->|<\?xml[^>]*>|\s)*<(!doctype\s+html|html|head|body)\b`)

func isPage(body string) bool { return page.MatchString(body) }

// notAWS finds such an answer in an error of the SDK.
func notAWS(err error) (*NotAWS, bool) {
	if found, ok := errors.AsType[*NotAWS](err); ok {
		return found, true
	}
	response, ok := errors.AsType[*smithyhttp.ResponseError](err)
	if !ok || response.Response == nil || response.Response.Response == nil {
		return nil, false
	}
	unreadable, ok := errors.AsType[*smithy.DeserializationError](err)
	if !ok && Code(err) != "UnknownError" {
		return nil, false
	}
	found := &NotAWS{Status: response.HTTPStatusCode()}
	if ok {
		found.Body = string(unreadable.Snapshot)
	}
	if request := response.Response.Request; request != nil {
		found.Scheme, found.Host = request.URL.Scheme, request.URL.Host
	}
	return found, true
}

// explain says what came, and what to look at.
func (e *NotAWS) explain() (cause, remedy string) {
	words := firstWords(e.Body)
	switch body := strings.TrimSpace(e.Body); {
	case e.Status == proxyAsks:
		return "the proxy asks who is calling", "Put the user name and the password that the proxy wants into HTTPS_PROXY (http://user:password@host:port)."
	case body == "":
		cause = "the answer is empty, and AWS's never is"
	case isPage(body):
		cause = "a web page came instead of AWS's answer: " + words
	case body[0] == '{' || body[0] == '<':
		cause = "the answer is cut off or garbled: " + words
	default:
		cause = "the answer is not one of AWS's: " + words
	}
	remedy = "Look at what is between here and AWS: a proxy (HTTPS_PROXY, NO_PROXY), a network that asks to log in first, a firewall, a VPC endpoint, AWS_ENDPOINT_URL. " +
		"This shows what it answers:\ncurl -i " + e.Scheme + "://" + e.Host + "/"
	if e.Status >= serverErrors || e.Status < redirects {
		remedy = "Run again: it may pass, and what is done already costs no call. If it stays so: l" + strings.TrimPrefix(remedy, "L")
	}
	return cause, remedy
}

var (
	invisible = regexp.MustCompile(`(?is)<(script|style)\b.*?(</(script|style)>|$)|<[^>]*(>|$)`)
	spaces    = regexp.MustCompile(`[\s\p{C}]+`)
)

// shownOfPage is how many characters of an answer are shown.
const shownOfPage = 120

// firstWords are what a person would read first, in quotes.
func firstWords(body string) string {
	text := body
	if isPage(strings.TrimSpace(body)) {
		text = html.UnescapeString(invisible.ReplaceAllString(body, " "))
	}
	runes := []rune(strings.TrimSpace(spaces.ReplaceAllString(strings.ToValidUTF8(text, "�"), " ")))
	if len(runes) > shownOfPage {
		return fmt.Sprintf("%q …", string(runes[:shownOfPage]))
	}
	return fmt.Sprintf("%q", string(runes))
}
