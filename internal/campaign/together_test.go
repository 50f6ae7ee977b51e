// SPDX-License-Identifier: MPL-2.0

package campaign

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

// turns let several runs make their calls by turns: one of them so many, then another one. What each of them does is up to its
// place in the order of all calls, and a seed makes that.
type turns struct {
	mu     sync.Mutex
	moved  *sync.Cond
	random *rand.Rand
	over   []bool
	now    int // whose turn it is
	left   int // calls of it
}

func newTurns(runs int, seed uint64) *turns {
	s := &turns{random: rand.New(rand.NewPCG(seed, seed)), over: make([]bool, runs)}
	s.moved = sync.NewCond(&s.mu)
	s.next()
	return s
}

// next gives the turn to one of those that are not over: for a few calls, or for many.
func (s *turns) next() {
	var going []int
	for i, over := range s.over {
		if !over {
			going = append(going, i)
		}
	}
	if len(going) > 0 {
		s.now, s.left = going[s.random.IntN(len(going))], 1+s.random.IntN(1<<s.random.IntN(7))
	}
	s.moved.Broadcast()
}

// call waits until a run may make a call.
func (s *turns) call(run int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.now != run {
		s.moved.Wait()
	}
	if s.left--; s.left == 0 {
		s.next()
	}
}

// end says that a run is over.
func (s *turns) end(run int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over[run] = true
	if s.now == run {
		s.next()
	}
}

// build is one of several that share AMIs under one key.
type build struct {
	image, template string
}

// builds are what pipelines of one company do at the same time: AMIs of their own, in part the same accounts, one key. The second
// one fails, because one of its accounts is closed, and takes back what it did.
func builds() []build {
	announced := func(n int) string {
		return fmt.Sprintf("ssm_parameter {\n name = \"/golden/%d\"\n data_type = \"text\"\n labels = [\"live\"]\n}\n", n)
	}
	const made = "service_linked_roles = [\"autoscaling/golden\"]\ncreate_service_linked_roles = true\nauto_scaling_groups = [\"web\"]\n"
	all := []string{
		"on_failure = \"rollback\"\n" + block(made+announced(0), lacking) + block("copy_tags = true\n", ready),
		"on_failure = \"rollback\"\n" + announced(1) + block(made, lacking) + block("copy_tags = true\n"+announced(1), ready) + block("service_linked_roles = []\n", former) +
			"target {\n account_ids = [\"" + closed + "\"]\n service_linked_roles = []\n}\n",
		announced(2) + block("copy_tags = true\n", ready, former),
		"on_failure = \"continue\"\n" + block(made, lacking) + block("canary {\n subnet_id = \"subnet-0default00000000\"\n instance_type = \"t3.micro\"\n}\n", ready),
		"exact = true\n" + block("prove_use = true\n"+announced(4), former),
	}
	var builds []build
	for n, template := range all {
		builds = append(builds, build{imageOf(n), template})
	}
	return builds
}

// closed is an account that EC2 does not know any more.
const closed = "555555555555"

func imageOf(n int) string { return "ami-0fedcba98765432a" + strconv.Itoa(n) }

// company is a world with an AMI for each build, under one key.
func company() awssim.World {
	w := world()
	region := regions()[0]
	has := w.Accounts[0].Regions[region]
	has.ClosedAccounts = []string{closed}
	for n := range builds() {
		disk := "snap-0fedcba98765432a" + strconv.Itoa(n)
		has.Snapshots = append(has.Snapshots, awssim.WorldSnapshot{ID: disk, KMSKey: keyID(region), Tags: map[string]string{"disk": strconv.Itoa(n)}})
		has.Images = append(has.Images, awssim.WorldImage{
			ID: imageOf(n), Name: "golden-" + strconv.Itoa(n), Tags: map[string]string{"n": strconv.Itoa(n)},
			LaunchPermissions: []string{former}, BlockDevices: []awssim.WorldBlockDevice{{Snapshot: disk}},
		})
	}
	w.Accounts[0].Regions[region] = has
	return w
}

// ending is how several builds ended.
type ending struct {
	facts facts
	told  []told
}

// serially runs builds one after the other, in an order.
func (s *stage) serially(t *testing.T, order []int) ending {
	t.Helper()
	server := s.put(t, company())
	end := ending{told: make([]told, len(order))}
	for _, n := range order {
		end.told[n] = s.runOf(t, builds()[n])
	}
	end.facts = factsOf(t, server)
	return end
}

// together runs builds at once, their calls in the order of a seed.
func (s *stage) together(t *testing.T, n int, seed uint64) ending {
	t.Helper()
	server := s.put(t, company())
	end := ending{told: make([]told, n)}
	turn := newTurns(n, seed)
	s.before = func(r *http.Request) { turn.call(s.runBehind(r)) }
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			defer turn.end(i)
			t.Run(strconv.Itoa(i), func(t *testing.T) {
				end.told[i] = s.runOf(t, build{builds()[i].image, fmt.Sprintf("profile = \"run%d\"\n", i) + builds()[i].template})
			})
		})
	}
	all.Wait()
	end.facts = factsOf(t, server)
	return end
}

// orders are all orders of so many builds.
func orders(n int) [][]int {
	if n == 0 {
		return [][]int{nil}
	}
	var all [][]int
	for _, shorter := range orders(n - 1) {
		for at := range n {
			all = append(all, slices.Insert(slices.Clone(shorter), at, n-1))
		}
	}
	return all
}

// TestBuildsAtOnce lets two builds, and five, make their calls in many orders. Whatever that is: the state is as if they had run
// one after the other, each ends as it does in some such order, and each item of its report has a status that it has then.
func TestBuildsAtOnce(t *testing.T) {
	log.SetOutput(io.Discard)
	s := newStage(t)
	for _, n := range []int{2, 5} {
		var serial []ending
		for _, order := range some(orders(n), 12) {
			serial = append(serial, s.serially(t, order))
		}
		seeds := seeds(t)
		for seed := range seeds {
			end := s.together(t, n, uint64(seed))
			if wrong := explain(end, serial); len(wrong) > 0 {
				t.Errorf("%d builds, seed %d:\n  %s", n, seed, strings.Join(wrong, "\n  "))
			}
		}
		t.Logf("%d builds at once, in %d orders of their calls", n, seeds)
	}
}

// TestAGrantThatAnotherBuildEndsIsMadeAnew: a build with exact_grants looks whether an AMI under the key is shared with an account, and then
// ends its grant; another build finds the grant, and shares an AMI with the account in between. Both orders of these leave a grant that works.
func TestAGrantThatAnotherBuildEndsIsMadeAnew(t *testing.T) {
	log.SetOutput(io.Discard)
	s := newStage(t)
	server := s.put(t, company())
	both := builds()
	target := block("service_linked_roles = [\"autoscaling/golden\"]\ncreate_service_linked_roles = true\n", lacking)
	shares := build{both[2].image, target}
	if first := s.runOf(t, build{both[0].image, target}); first.err != nil { // makes the grant
		t.Fatal(first.err)
	}
	ends := build{both[0].image, "exact = true\nexact_grants = true\nforce_removal = true\n" + block("", ready)}
	var other told
	var once sync.Once
	s.before = func(r *http.Request) {
		if s.runBehind(r) != 1 {
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if bytes.Contains(body, []byte("Action=ModifyImageAttribute")) {
			once.Do(func() { other = s.runOf(t, ends) })
		}
	}
	got := s.runOf(t, build{shares.image, "profile = \"run1\"\n" + shares.template})
	if other.err != nil || got.err != nil || !got.report.good() {
		t.Fatalf("%v; %v\n%s", other.err, got.err, got.said)
	}
	if ended := count(server, "kms:RetireGrant") + count(server, "kms:RevokeGrant"); ended != 1 {
		t.Fatalf("%d grants were ended, so that this is no test\n%s", ended, other.said)
	}
	living := 0
	for name := range factsOf(t, server) {
		if strings.HasPrefix(name, "grant ") && strings.Contains(name, lacking) {
			living++
		}
	}
	if living != 1 {
		t.Errorf("%d grants for the account, want 1\n%s", living, got.said)
	}
}

// count is how often an action was done.
func count(server *awssim.Server, action string) int {
	n := 0
	for _, entry := range server.Journal() {
		if entry.Action == action && entry.Code == "" {
			n++
		}
	}
	return n
}

// seeds is how many orders of calls are tried.
func seeds(t *testing.T) int {
	t.Helper()
	if os.Getenv("AMISHARE_CAMPAIGN") == "" {
		return 10
	}
	return 300
}

// some returns so many of the orders at most, from all over them, each with its opposite: of two builds each comes first in one.
func some(all [][]int, most int) [][]int {
	step := max(1, 2*len(all)/most)
	var chosen [][]int
	for i := 0; i < len(all); i += step {
		opposite := slices.Clone(all[i])
		slices.Reverse(opposite)
		chosen = append(chosen, all[i], opposite)
	}
	return chosen
}

// explain holds an ending against those of builds that ran one after the other.
func explain(end ending, serial []ending) []string {
	var wrong []string
	if !slices.ContainsFunc(serial, func(one ending) bool { return maps.Equal(one.facts, end.facts) }) {
		wrong = append(wrong, fmt.Sprintf("no order of the builds leads to this state: it differs from the first in %q", differing(serial[0].facts, end.facts)))
	}
	for n, told := range end.told {
		outcomes, statuses := map[string]bool{}, map[string]bool{}
		for _, one := range serial {
			outcomes[one.told[n].report.Outcome] = true
			for _, i := range one.told[n].report.items() {
				statuses[i.fact()+" "+i.Status] = true
			}
		}
		if !outcomes[told.report.Outcome] {
			wrong = append(wrong, fmt.Sprintf("build %d: the outcome is %s, and one after the other %q: %v", n, told.report.Outcome, slices.Sorted(maps.Keys(outcomes)), told.err))
		}
		for _, i := range told.report.items() {
			found := i.Status == "present" && end.facts[i.fact()] != "" // another build has just made it
			if !statuses[i.fact()+" "+i.Status] && !found {
				wrong = append(wrong, fmt.Sprintf("build %d: %s is %q (%s), which it is in no order", n, i.fact(), i.Status, i.Reason))
			}
		}
	}
	return wrong
}
