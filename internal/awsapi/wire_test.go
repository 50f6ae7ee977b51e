// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// request is what came over the wire.
type request struct {
	action, region, key string // the key is the access key's id
	service, host       string // that the request is signed for, and sent to
	form                url.Values
	body                string
	from                string // the client's end of the connection
}

// wire answers every request by action, and remembers all of them. What it is not told it refuses.
type wire struct {
	t       *testing.T
	server  *httptest.Server
	answers map[string]func(n int) (status int, body string) // n counts the calls of the action from 1
	delay   time.Duration

	mu       sync.Mutex
	requests []request
	inFlight int
	most     int
}

func newWire(t *testing.T, answers map[string]func(n int) (int, string)) *wire {
	w := &wire{t: t, answers: answers}
	w.server = httptest.NewServer(w)
	t.Cleanup(w.server.Close)
	return w
}

var scopePattern = regexp.MustCompile(`Credential=([^/]+)/[0-9]+/([^/]+)/([^/]+)/`)

func (w *wire) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.t.Error(err)
	}
	got := request{body: string(body), from: r.RemoteAddr, host: r.Host}
	if scope := scopePattern.FindStringSubmatch(r.Header.Get("Authorization")); scope != nil {
		got.key, got.region, got.service = scope[1], scope[2], scope[3]
	}
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		got.action = target[strings.LastIndex(target, ".")+1:]
	} else if got.form, err = url.ParseQuery(string(body)); err == nil {
		got.action = got.form.Get("Action")
	}
	n := w.begin(got)
	time.Sleep(w.delay)
	status, text := http.StatusBadRequest, "<ErrorResponse><Error><Code>Unexpected</Code></Error></ErrorResponse>"
	if answer := w.answers[got.action]; answer != nil {
		status, text = answer(n)
	}
	w.end()
	rw.WriteHeader(status)
	fmt.Fprint(rw, text)
}

func (w *wire) begin(r request) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.requests = append(w.requests, r)
	w.inFlight++
	w.most = max(w.most, w.inFlight)
	for _, other := range w.requests {
		if other.action == r.action {
			n++
		}
	}
	return n
}

func (w *wire) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.inFlight--
}

func (w *wire) of(action string) []request {
	w.mu.Lock()
	defer w.mu.Unlock()
	var found []request
	for _, r := range w.requests {
		if r.action == action {
			found = append(found, r)
		}
	}
	return found
}

// config is the source account's.
func (w *wire) config() aws.Config {
	return aws.Config{
		Region: "eu-central-1", BaseEndpoint: aws.String(w.server.URL),
		Credentials: credentials.NewStaticCredentialsProvider("AKIASOURCE", "secret", ""),
	}
}

func always(body string) func(int) (int, string) {
	return func(int) (int, string) { return http.StatusOK, body }
}

const assumed = `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>` +
	`<AccessKeyId>ASIATARGET</AccessKeyId><SecretAccessKey>x</SecretAccessKey><SessionToken>y</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>` +
	`</Credentials></AssumeRoleResult></AssumeRoleResponse>`

const noGroups = `<DescribeAutoScalingGroupsResponse xmlns="http://autoscaling.amazonaws.com/doc/2011-01-01/"><DescribeAutoScalingGroupsResult>` +
	`<AutoScalingGroups/></DescribeAutoScalingGroupsResult></DescribeAutoScalingGroupsResponse>`
