// SPDX-License-Identifier: MPL-2.0

package traffic

import (
	"cmp"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
)

// clients are the SDK's, and the traffic that carries their calls.
type clients struct {
	traffic     *Traffic
	autoscaling *autoscaling.Client
	ec2         *ec2.Client
	kms         *kms.Client
	sts         *sts.Client
}

// newClients makes the clients of a configuration, for 512 calls in flight and 10 retries unless the options say otherwise.
func newClients(config aws.Config, o Options) *clients {
	o.Calls, o.Retries = cmp.Or(o.Calls, 512), cmp.Or(o.Retries, 10)
	t := New(o)
	config = t.Attach(config, Connections(config.HTTPClient, o.Calls, AnswerTimeout))
	return &clients{t, autoscaling.NewFromConfig(config), ec2.NewFromConfig(config), kms.NewFromConfig(config), sts.NewFromConfig(config)}
}

// each does something so many times, up to 256 of them at once.
func each(times int, do func()) {
	slots := make(chan struct{}, 256)
	var all sync.WaitGroup
	for range times {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			do()
		})
	}
	all.Wait()
}

// serve returns the configuration of an account for which AWS is a handler.
func serve(t *testing.T, handler http.HandlerFunc) (config aws.Config, stop func()) {
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return aws.Config{
		Region: "eu-central-1", BaseEndpoint: aws.String(server.URL),
		Credentials: credentials.NewStaticCredentialsProvider("AKIASOURCE", "secret", ""),
	}, server.Close
}

const noGroups = `<DescribeAutoScalingGroupsResponse xmlns="http://autoscaling.amazonaws.com/doc/2011-01-01/"><DescribeAutoScalingGroupsResult>` +
	`<AutoScalingGroups/></DescribeAutoScalingGroupsResult></DescribeAutoScalingGroupsResponse>`

func TestCallsInFlightAreBounded(t *testing.T) {
	var mu sync.Mutex
	var inFlight, most int
	count := func(n int) {
		mu.Lock()
		defer mu.Unlock()
		inFlight += n
		most = max(most, inFlight)
	}
	config, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		count(1)
		time.Sleep(5 * time.Millisecond)
		count(-1)
		io.WriteString(w, noGroups)
	})
	c := newClients(config, Options{Calls: 3})
	each(30, func() {
		if _, err := c.autoscaling.DescribeAutoScalingGroups(t.Context(), nil); err != nil {
			t.Error(err)
		}
	})
	if most != 3 {
		t.Errorf("%d calls in flight", most)
	}
}

func TestAnAnswerThatStopsInTheMiddleIsGivenUp(t *testing.T) {
	done := make(chan struct{})
	config, stop := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "<DescribeAuto")
		w.(http.Flusher).Flush()
		<-done
	})
	defer stop()
	defer close(done)
	config.HTTPClient, config.Retryer = Connections(nil, 1, 50*time.Millisecond), func() aws.Retryer { return aws.NopRetryer{} }
	_, err := autoscaling.NewFromConfig(config).DescribeAutoScalingGroups(t.Context(), &autoscaling.DescribeAutoScalingGroupsInput{})
	if err == nil || !diagnose.Unknown(err) {
		t.Errorf("got %v", err)
	}
}

func TestAnUnreachableHostIsGivenUpSoon(t *testing.T) {
	config, stop := serve(t, nil)
	stop()
	c := newClients(config, Options{})
	_, err := c.ec2.DescribeImages(t.Context(), &ec2.DescribeImagesInput{})
	if err == nil || !strings.Contains(diagnose.Error(err, diagnose.Act{}).Cause, "AWS could not be reached") {
		t.Errorf("got %v", err)
	}
	if got := c.traffic.Stats().Retries; got != DialAttempts-1 {
		t.Errorf("%d retries", got)
	}
}

func TestAnAnswerThatCanNotBeReadIsAskedForAgain(t *testing.T) {
	asked := 0 // one call after the other
	config, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if asked++; asked == 1 {
			io.WriteString(w, "<DescribeImagesResponse><imagesSet><item><imageId>ami-1</imageId>")
			return
		}
		io.WriteString(w, "<DescribeImagesResponse><imagesSet/></DescribeImagesResponse>")
	})
	c := newClients(config, Options{})
	if _, err := c.ec2.DescribeImages(t.Context(), &ec2.DescribeImagesInput{}); err != nil || c.traffic.Stats().Retries != 1 {
		t.Errorf("%v after %d retries", err, c.traffic.Stats().Retries)
	}
}
