// SPDX-License-Identifier: MPL-2.0

package traffic

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// AnswerTimeout is how long an attempt waits for AWS to begin its answer, and how long a connection is kept that
// nobody uses. In the middle of an answer AWS may pause for twice as long.
const AnswerTimeout = 30 * time.Second

// Affordable returns how many calls may be in flight, when so many are wanted: each has a socket, there are half as many
// that nobody uses at the moment, and a quarter that are being opened. The rest is for Packer and files.
func Affordable(calls int) int {
	if limit := descriptors(); limit > 0 {
		return max(1, min(calls, limit/2))
	}
	return calls
}

// Connections returns an HTTP client for so many calls in flight. It keeps half as many idle connections, of all hosts together,
// opens a quarter at the same time, and waits for no answer for ever. It is frozen: else the SDK gives every service
// client connections of its own, and each target pays for its handshakes in each Region. A client of another kind is left
// alone.
func Connections(client aws.HTTPClient, calls int, timeout time.Duration) aws.HTTPClient {
	if client == nil {
		client = awshttp.NewBuildableClient()
	}
	buildable, ok := client.(*awshttp.BuildableClient)
	if !ok {
		return client
	}
	return buildable.WithReadTimeout(2 * timeout).WithTransportOptions(func(t *http.Transport) {
		t.MaxConnsPerHost = calls
		t.MaxIdleConns = max(1, calls/2)
		t.MaxIdleConnsPerHost = t.MaxIdleConns
		t.DialContext = sparing(t.DialContext, max(1, calls/4))
		t.ResponseHeaderTimeout = timeout
		t.IdleConnTimeout = timeout // less than a read may take: a connection never ends under a new call
	}).Freeze()
}

// sparing opens at most so many connections at the same time. One that is opened for a call which is then served by
// another, that has become free in the meantime, would else be one of many.
func sparing(dial func(ctx context.Context, network, address string) (net.Conn, error), most int) func(context.Context, string, string) (net.Conn, error) {
	slots := make(chan struct{}, most)
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		select {
		case slots <- struct{}{}:
			defer func() { <-slots }()
			return dial(ctx, network, address)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
