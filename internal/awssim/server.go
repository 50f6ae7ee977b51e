// SPDX-License-Identifier: MPL-2.0

// Package awssim is a local AWS: as much of EC2, KMS, IAM, STS, Auto Scaling and the tagging API as it takes to build
// encrypted AMIs, share them across accounts and Regions, and launch them, on one port, as an [http.Handler].
//
// It is no kinder than AWS. It verifies signatures; evaluates identity, session, trust and key policies, permissions
// boundaries and the policies of organizations; enforces launch and create-volume permissions, key states, and grants with
// the account that issued them; and starts an instance only if the principal that launches can really use the keys. It
// refuses an action, parameter, filter or attribute that it does not know. Every call leaves a line in the journal, with
// the reason of its decision.
//
// Where AWS is eventually consistent, throttles or pages, so does this server. It counts calls for that and does nothing at
// random; each has a switch in [Hostility]. A [Fault] makes a chosen call fail in a chosen way.
//
// It will never hold data, charge, or imitate anything that sharing AMIs does not touch: no VPC endpoints, no networks, no
// volumes with bytes in them. Don't test anything else against it.
//
// Each service has a package. This one has what comes before and after them: which services there are ([New]), the order of
// a call, the lock, and the control endpoints below /_awssim/.
package awssim

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/autoscaling"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/ebs"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/ec2"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/iam"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/kms"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/organizations"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/ssm"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/sts"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/usage"
)

// Server is the local AWS. Create it with New.
type Server struct {
	mu       sync.Mutex // held for the whole of a call
	latency  time.Duration
	cloud    *cloud.Cloud
	services []service
	apis     map[string]*cloud.API // by name
}

// service is what the server asks of each service.
type service interface {
	// APIs are the APIs of the service: one, as a rule.
	APIs() []*cloud.API
	// Load makes the service's part of a world, and returns all problems with it. Accounts, organizations and the parts of the
	// services before it exist already.
	Load(World) []error
	// Dump puts what calls can change into the state, and counts the rest.
	Dump(*cloud.Dump)
}

// New returns a local AWS with a world in it. Its error has all problems of the world.
func New(world World) (*Server, error) {
	c, problems := cloud.New(world)
	if len(problems) > 0 { // everything else belongs to accounts
		return nil, fmt.Errorf("loading the world: %w", errors.Join(problems...))
	}
	roles, keys := iam.New(c), kms.New(c)
	disks, parameters := ebs.New(c, keys), ssm.New(c)
	compute := ec2.New(c, keys, disks, parameters)
	parameters.SeesImage = compute.SeesImage
	uses := usage.New(c, compute, parameters)
	compute.Also(disks.Actions())
	compute.Also(uses.Actions())
	groups := autoscaling.New(c, roles, compute)
	roles.InUse = groups.InUse
	s := serve(c, roles, sts.New(c), keys, disks, parameters, compute, uses, groups, organizations.New(c))
	s.latency = time.Duration(world.LatencyMillis) * time.Millisecond
	if err := s.load(world); err != nil {
		return nil, fmt.Errorf("loading the world: %w", err)
	}
	return s, nil
}

// serve returns a server of services. They load in the order given.
func serve(c *cloud.Cloud, services ...service) *Server {
	s := &Server{cloud: c, services: services, apis: map[string]*cloud.API{}}
	for _, one := range services {
		for _, api := range one.APIs() {
			s.apis[api.Name] = api
			c.Learn(api)
		}
	}
	return s
}

// load makes what the world has of each service, and its faults. It returns all problems.
func (s *Server) load(world World) error {
	problems := s.cloud.LoadControls(world)
	for _, one := range s.services {
		problems = append(problems, one.Load(world)...)
	}
	if t := world.Hostility.Throttling; t != nil {
		for action := range t.Actions {
			if !slices.Contains(s.Actions(), action) {
				problems = append(problems, fmt.Errorf("throttling: the action %q is not known here; actions have their service in front, as in \"kms:CreateGrant\"", action))
			}
		}
	}
	for _, fault := range world.Faults {
		problems = append(problems, s.checkFault(fault))
		s.cloud.Fail(fault)
	}
	return errors.Join(problems...)
}

// Actions are all actions of all services, as in "kms:CreateGrant", sorted.
func (s *Server) Actions() []string {
	var actions []string
	for _, api := range s.apis {
		for action := range api.Actions {
			actions = append(actions, api.Permission(action))
		}
	}
	slices.Sort(actions)
	return actions
}

// ServeHTTP answers one call of an AWS API, or one of /_awssim/: journal, faults, state.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.serveControl(w, r) {
		return
	}
	wait(r.Context(), s.latency)
	answer := s.answer(r)
	wait(r.Context(), answer.Delay)
	answer.Write(w)
}

// wait takes a time, or until the client gives up.
func wait(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
