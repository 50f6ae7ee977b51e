// Package awssim is a local AWS: as much of EC2, KMS, IAM, STS, Auto Scaling and the tagging API as it takes to build
// encrypted images, share them across accounts and Regions, and launch them, on one port, as an [http.Handler].
//
// It is no kinder than AWS. It verifies signatures; evaluates identity, session, trust and key policies; enforces
// launch and create-volume permissions, key states, and grants with the account that issued them; and starts an
// instance only when the principal that launches could really use the keys. An action, parameter, filter or attribute
// that it does not know is refused. Every call leaves a line in the journal, with the reason of its decision.
//
// Where AWS is eventually consistent, throttles or pages, so does this server, by count and never at random; each is a
// switch of [Hostility]. A [Fault] makes a chosen call fail in a chosen way.
//
// It will never hold data, move time, charge, or imitate anything that sharing images does not touch: no permissions
// boundaries, no service control policies, no VPC endpoints, no networks, no volumes with bytes in them. It is not a
// place to test anything else against.
package awssim

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Server is the local AWS. Create it with New.
type Server struct {
	mu            sync.Mutex // held for the whole of a call
	partition     string
	latency       time.Duration
	accounts      map[string]*account
	organizations []*organization
	users         map[string]*user    // by access key id
	sessions      map[string]*session // by access key id
	keys          map[string]*kmsKey  // by ARN
	aliases       map[string]*kmsKey  // by ARN
	services      map[string]*service
	hostility     Hostility
	faults        []*activeFault
	journal       []Entry
	ids           int
	writes        int // counted for throttling
}

// account is one AWS account.
type account struct {
	id, name string
	users    map[string]*user
	roles    map[string]*role          // by name
	policies map[string]*managedPolicy // by ARN
	disabled map[string]bool           // Regions
	regions  map[string]*computeRegion
}

// compute returns what the account has in a Region.
func (a *account) compute(region string) *computeRegion {
	r := a.regions[region]
	if r == nil {
		r = newComputeRegion()
		a.regions[region] = r
	}
	return r
}

// New returns a local AWS with a world in it. Its error has all problems of the world.
func New(world World) (*Server, error) {
	s := &Server{
		partition: cmp.Or(world.Partition, "aws"),
		latency:   time.Duration(world.LatencyMillis) * time.Millisecond,
		accounts:  map[string]*account{},
		users:     map[string]*user{},
		sessions:  map[string]*session{},
		keys:      map[string]*kmsKey{},
		aliases:   map[string]*kmsKey{},
		hostility: world.Hostility,
	}
	s.services = s.tableOfContents()
	if err := s.load(world); err != nil {
		return nil, fmt.Errorf("loading the world: %w", err)
	}
	s.journal = nil // of what was made while loading
	for _, fault := range world.Faults {
		s.Fail(fault)
	}
	return s, nil
}

// service is one AWS API.
type service struct {
	name       string // in credential scopes
	prefix     string // of its actions in policies, where that is not the name
	protocol   protocol
	version    string // of the query protocol
	namespace  string // of XML answers
	target     string // X-Amz-Target before the action, of the JSON protocol
	operations map[string]operation
}

// permission is the name of an action in policies, as in "kms:CreateGrant".
func (s *service) permission(action string) string { return cmp.Or(s.prefix, s.name) + ":" + action }

// tableOfContents has every action of every service.
func (s *Server) tableOfContents() map[string]*service {
	all := []*service{
		{name: "ec2", protocol: ec2Query, version: "2016-11-15", namespace: "http://ec2.amazonaws.com/doc/2016-11-15/", operations: s.ec2Operations()},
		{name: "sts", protocol: awsQuery, version: "2011-06-15", namespace: "https://sts.amazonaws.com/doc/2011-06-15/", operations: stsOperations()},
		{name: "iam", protocol: awsQuery, version: "2010-05-08", namespace: "https://iam.amazonaws.com/doc/2010-05-08/", operations: iamOperations()},
		{name: "autoscaling", protocol: awsQuery, version: "2011-01-01", namespace: "http://autoscaling.amazonaws.com/doc/2011-01-01/", operations: s.autoscalingOperations()},
		{name: "kms", protocol: awsJSON, target: "TrentService", operations: kmsOperations()},
		{name: "tagging", prefix: "tag", protocol: awsJSON, target: "ResourceGroupsTaggingAPI_20170126", operations: taggingOperations()},
	}
	services := map[string]*service{}
	for _, service := range all {
		services[service.name] = service
	}
	return services
}

// Actions lists every action of the table of contents, as "kms:CreateGrant", sorted.
func (s *Server) Actions() []string {
	var actions []string
	for _, service := range s.services {
		for action := range maps.Keys(service.operations) {
			actions = append(actions, service.permission(action))
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
	wait(r.Context(), answer.delay)
	if answer.drop {
		panic(http.ErrAbortHandler)
	}
	answer.write(w)
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

// now is the time. The server does nothing by time but to show it.
func (s *Server) now() time.Time { return time.Now().UTC() }

// newID makes the next id: prefix and 17 hexadecimal digits, the same for the same sequence of calls.
func (s *Server) newID(prefix string) string {
	s.ids++
	return fmt.Sprintf("%s0%016x", prefix, s.ids)
}

func (s *Server) account(id string) *account { return s.accounts[id] }
