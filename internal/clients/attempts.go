// SPDX-License-Identifier: MPL-2.0

package clients

import (
	"context"
	"sync"

	"github.com/aws/smithy-go/middleware"

	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
)

// Attempts tells whoever made calls what became of the single attempts: after a lost answer, the next attempt finds done
// what the first one did, and may be refused all the same.
type Attempts struct {
	mu     sync.Mutex
	losses int // attempts after which nobody knows what was done
}

type attemptsKey struct{}

// Watched returns a context in which the attempts of calls are noted.
func Watched(ctx context.Context) (context.Context, *Attempts) {
	a := &Attempts{}
	return context.WithValue(ctx, attemptsKey{}, a), a
}

// Lost tells whether an attempt may have had its effect without anybody knowing.
func (a *Attempts) Lost() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.losses > 0
}

func (a *Attempts) note(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if diagnose.Unknown(err) {
		a.losses++
	}
}

// watchAttempts puts the notes into an operation's middleware.
func watchAttempts(stack *middleware.Stack) error {
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("amishare:Watch",
		func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
			out, metadata, err := next.HandleDeserialize(ctx, in)
			if a, ok := ctx.Value(attemptsKey{}).(*Attempts); ok {
				a.note(err)
			}
			return out, metadata, err
		}), middleware.Before)
}
