// SPDX-License-Identifier: MPL-2.0

package traffic

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// pipes are connections within the program: with them, time in a bubble of testing/synctest passes by itself, and a test
// of minutes takes none.
type pipes struct {
	connections chan net.Conn
	closed      chan struct{}
	once        sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.connections:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipes"} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p.connections <- server:
		return client, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// inBubble runs a test in which AWS is a handler, and time stands still unless everybody waits.
func inBubble(t *testing.T, handler http.HandlerFunc, test func(t *testing.T, source aws.Config)) {
	synctest.Test(t, func(t *testing.T) {
		p := &pipes{connections: make(chan net.Conn), closed: make(chan struct{})}
		server := &http.Server{Handler: handler} //nolint:gosec // the only client is this test
		go func() { _ = server.Serve(p) }()
		defer server.Close()
		client := awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) { t.Proxy, t.DialContext = nil, p.dial })
		test(t, aws.Config{
			Region: "eu-central-1", BaseEndpoint: aws.String("http://aws.example"), HTTPClient: client,
			Credentials: credentials.NewStaticCredentialsProvider("AKIASOURCE", "secret", ""),
		})
	})
}

// actionOf returns the action that a request asks for.
func actionOf(r *http.Request) string {
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		return target[strings.LastIndex(target, ".")+1:]
	}
	body, _ := io.ReadAll(r.Body)
	form, _ := url.ParseQuery(string(body))
	return form.Get("Action")
}
