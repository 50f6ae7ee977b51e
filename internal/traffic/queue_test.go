// SPDX-License-Identifier: MPL-2.0

package traffic

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
)

// tokens are AWS's bucket: so many calls at once, and then so many each second.
type tokens struct {
	burst, rate float64

	mu             sync.Mutex
	left           float64
	at             time.Time
	taken, refused int
}

// take tells whether a call is taken.
func (b *tokens) take() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	if b.at.IsZero() {
		b.left = b.burst
	} else {
		b.left = min(b.burst, b.left+b.rate*now.Sub(b.at).Seconds())
	}
	b.at = now
	if b.left < 1 {
		b.refused++
		return false
	}
	b.left--
	b.taken++
	return true
}

const (
	limitExceeded = `<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>Request limit exceeded.</Message></Error></Errors><RequestID>r</RequestID></Response>`
	stsThrottled  = `<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message></Error><RequestId>r</RequestId></ErrorResponse>`
)

const assumed = `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>` +
	`<AccessKeyId>ASIATARGET</AccessKeyId><SecretAccessKey>x</SecretAccessKey><SessionToken>y</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>` +
	`</Credentials></AssumeRoleResult></AssumeRoleResponse>`

// refuse throttles as the service does.
func refuse(w http.ResponseWriter, action string) {
	switch action {
	case "RetireGrant", "ListGrants":
		w.WriteHeader(http.StatusBadRequest)
		io.WriteString(w, `{"__type":"ThrottlingException","message":"no"}`)
	case "AssumeRole":
		w.WriteHeader(http.StatusBadRequest)
		io.WriteString(w, stsThrottled)
	default:
		w.WriteHeader(http.StatusServiceUnavailable)
		io.WriteString(w, limitExceeded)
	}
}

// answer is what AWS says when it takes a call.
func answer(w http.ResponseWriter, action string) {
	switch action {
	case "RetireGrant":
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	case "AssumeRole":
		io.WriteString(w, assumed)
	default:
		fmt.Fprintf(w, "<%[1]sResponse><return>true</return></%[1]sResponse>", action)
	}
}

func TestABucketThatIsTooSmallIsUsedUpAndNotOverrun(t *testing.T) {
	shareSnapshot := func(ctx context.Context, c *clients) error {
		_, err := c.ec2.ModifySnapshotAttribute(ctx, &ec2.ModifySnapshotAttributeInput{SnapshotId: aws.String("snap-1")})
		return err
	}
	retire := func(ctx context.Context, c *clients) error {
		_, err := c.kms.RetireGrant(ctx, &kms.RetireGrantInput{GrantId: aws.String("g")})
		return err
	}
	assume := func(ctx context.Context, c *clients) error {
		_, err := c.sts.AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::222222222222:role/x"), RoleSessionName: aws.String("x")})
		return err
	}
	for name, tt := range map[string]struct {
		calls       int
		burst, rate float64
		refused     int // at most
		call        func(context.Context, *clients) error
	}{
		"100 AMIs of 4 snapshots, at EC2's published rate":       {400, 50, 5, 15, shareSnapshot},
		"the same in an account that uses half of it itself":     {400, 50, 2.5, 20, shareSnapshot},
		"2,500 grants to retire, at KMS's published rate":        {2500, 30, 30, 20, retire},
		"500 roles to assume, where STS takes five a second":     {500, 50, 5, 50, assume},
		"500 roles to assume, at STS's published rate":           {500, 600, 600, 0, assume},
		"200 snapshots, where EC2 takes one call in two seconds": {200, 5, 0.5, 22, shareSnapshot},
	} {
		t.Run(name, func(t *testing.T) {
			bucket := &tokens{burst: tt.burst, rate: tt.rate}
			inBubble(t, func(w http.ResponseWriter, r *http.Request) {
				action := actionOf(r)
				time.Sleep(100 * time.Millisecond)
				if bucket.take() {
					answer(w, action)
				} else {
					refuse(w, action)
				}
			}, func(t *testing.T, source aws.Config) {
				c := newClients(source, Options{})
				began := time.Now()
				each(tt.calls, func() {
					if err := tt.call(t.Context(), c); err != nil {
						t.Error(err)
					}
				})
				least := max(0.1, (float64(tt.calls)-tt.burst)/tt.rate)
				took := time.Since(began).Seconds()
				if took > 1.1*least+1.5 || bucket.refused > tt.refused || bucket.taken != tt.calls {
					t.Errorf("%d calls took %.1f s where the bucket allows %.1f s, with %d refused", bucket.taken, took, least, bucket.refused)
				}
			})
		})
	}
}

func TestABucketThatTakesNothingIsGivenUp(t *testing.T) {
	var attempts atomic.Int64
	inBubble(t, func(w http.ResponseWriter, r *http.Request) {
		attempts.Add(1)
		refuse(w, actionOf(r))
	}, func(t *testing.T, source aws.Config) {
		c := newClients(source, Options{})
		began := time.Now()
		each(1000, func() {
			_, err := c.ec2.ModifySnapshotAttribute(t.Context(), &ec2.ModifySnapshotAttributeInput{SnapshotId: aws.String("snap-1")})
			if !diagnose.Has(err, "RequestLimitExceeded") {
				t.Errorf("got %v", err)
			}
		})
		if took := time.Since(began); took < throttledTime || took > 2*throttledTime || attempts.Load() > 100 {
			t.Errorf("%d attempts in %v", attempts.Load(), took)
		}
	})
}

func TestASignatureIsMadeWhenTheTurnHasCome(t *testing.T) {
	var stale atomic.Int64
	inBubble(t, func(w http.ResponseWriter, r *http.Request) {
		signed, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
		if err != nil || time.Since(signed) > time.Second {
			stale.Add(1)
		}
		action := actionOf(r)
		time.Sleep(20 * time.Second)
		answer(w, action)
	}, func(t *testing.T, source aws.Config) {
		c := newClients(source, Options{Calls: 1})
		began := time.Now()
		each(60, func() {
			if _, err := c.ec2.ModifyImageAttribute(t.Context(), &ec2.ModifyImageAttributeInput{ImageId: aws.String("ami-1")}); err != nil {
				t.Error(err)
			}
		})
		if stale.Load() > 0 || time.Since(began) != 20*time.Minute {
			t.Errorf("%d stale signatures in %v", stale.Load(), time.Since(began))
		}
	})
}

func TestWaitingForATurnIsNotTheTargetsTime(t *testing.T) {
	inBubble(t, func(w http.ResponseWriter, r *http.Request) {
		action := actionOf(r)
		select {
		case <-time.After(20 * time.Second):
			answer(w, action)
		case <-r.Context().Done():
		}
	}, func(t *testing.T, source aws.Config) {
		c := newClients(source, Options{Calls: 1})
		each(30, func() {
			ctx, cancel := Patient(t.Context(), 30*time.Second)
			defer cancel()
			if _, err := c.ec2.ModifyImageAttribute(ctx, &ec2.ModifyImageAttributeInput{ImageId: aws.String("ami-1")}); err != nil {
				t.Error(err)
			}
		})
		ctx, cancel := Patient(t.Context(), 10*time.Second)
		defer cancel()
		_, err := c.ec2.ModifyImageAttribute(ctx, &ec2.ModifyImageAttributeInput{ImageId: aws.String("ami-1")})
		if err == nil || diagnose.Error(err, diagnose.Act{}).Cause != "AWS did not answer in time" {
			t.Errorf("got %v", err)
		}
	})
}

func TestAnInterruptEndsAWriteWithinItsAttempt(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"that hangs": func(_ http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
		},
		"that waits to be repeated after a fault": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"that AWS throttles":                      func(w http.ResponseWriter, r *http.Request) { refuse(w, actionOf(r)) },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, handler, func(t *testing.T, source aws.Config) {
				c := newClients(source, Options{})
				run, interrupt := context.WithCancel(t.Context())
				var ended sync.WaitGroup
				for range 20 {
					ended.Go(func() {
						_, err := c.ec2.ModifyImageAttribute(context.WithoutCancel(Interruptible(run)), &ec2.ModifyImageAttributeInput{ImageId: aws.String("ami-1")})
						if err == nil {
							t.Error("no error")
						}
					})
				}
				time.Sleep(10 * time.Second)
				interrupt()
				began, before := time.Now(), c.traffic.Stats()
				ended.Wait()
				if took := time.Since(began); took > AnswerTimeout || c.traffic.Stats().Retries != before.Retries {
					t.Errorf("%v after the interrupt, %d attempts repeated", took, c.traffic.Stats().Retries-before.Retries)
				}
			})
		})
	}
}
