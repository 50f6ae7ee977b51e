// SPDX-License-Identifier: MPL-2.0

package traffic

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// counted is a connection that says when it is closed.
type counted struct {
	net.Conn
	open *atomic.Int64
	once sync.Once
}

func (c *counted) Close() error {
	c.once.Do(func() { c.open.Add(-1) })
	return c.Conn.Close()
}

// counting is a client whose connections are counted while they are open.
func counting(source aws.Config, open *atomic.Int64) *awshttp.BuildableClient {
	return source.HTTPClient.(*awshttp.BuildableClient).WithTransportOptions(func(transport *http.Transport) {
		dial := transport.DialContext
		transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dial(ctx, network, address)
			if err != nil {
				return nil, err
			}
			open.Add(1)
			return &counted{Conn: conn, open: open}, nil
		}
	})
}

func TestSocketsAreBoundedAndNotKept(t *testing.T) {
	const most, calls = 4, 20
	release := make(chan struct{})
	var inFlight atomic.Int64
	inBubble(t, func(http.ResponseWriter, *http.Request) { inFlight.Add(1); <-release }, func(t *testing.T, source aws.Config) {
		release = make(chan struct{}) // of the bubble
		var open atomic.Int64
		client := Connections(counting(source, &open), most, time.Minute)
		var all sync.WaitGroup
		for range calls {
			all.Go(func() {
				request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://aws.example/", nil)
				if err != nil {
					t.Error(err)
					return
				}
				response, err := client.Do(request)
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, response.Body)
				_ = response.Body.Close()
			})
		}
		synctest.Wait()
		if open.Load() != most || inFlight.Load() != most {
			t.Errorf("%d connections are open for %d calls, want %d", open.Load(), inFlight.Load(), most)
		}
		close(release)
		all.Wait()
		synctest.Wait()
		if n := open.Load(); n > most/2 {
			t.Errorf("%d connections are kept when all is done, want %d", n, most/2)
		}
		time.Sleep(2 * time.Minute) // in the bubble
		if n := open.Load(); n != 0 {
			t.Errorf("%d connections are kept when they have not been used for long", n)
		}
	})
}
