// SPDX-License-Identifier: MPL-2.0

package bench

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
	"github.com/amishare/packer-plugin-ami-share/internal/e2e"
)

// result is what came of one run.
type result struct {
	scenario
	run     run
	took    usage
	calls   map[string]int // that AWS took, by action
	refused map[string]int // attempts that AWS refused for there being too many, by action
	alone   time.Duration  // that the SDK takes of a processor for a call
	err     error
}

// hang is how long a run may take besides ten times the least, before it counts as one that never ends.
const hang = 10 * time.Minute

// measure makes the runs of a scenario. Those that only prepare have no result unless they fail.
func (s scenario) measure(ctx context.Context, binary string) []result {
	l, stop, err := serve(s.world())
	if err != nil {
		return []result{{scenario: s, err: err}}
	}
	defer stop()
	dir, err := os.MkdirTemp("", "ami-share-bench-")
	if err != nil {
		return []result{{scenario: s, err: err}}
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "report.json")
	var all []result
	for _, r := range s.runs {
		one := result{scenario: s, run: r}
		options := s.options(r)
		options["report_file"] = file
		bounded, cancel := context.WithTimeout(ctx, hang+10*one.least())
		one.took, one.err = post(bounded, binary, l.url, options, s.size.artifact(), s.descriptors)
		cancel()
		if info, err := os.Stat(file); err == nil {
			one.took.report = info.Size()
		}
		one.calls, one.refused = l.count()
		if one.err == nil {
			one.err = one.mismatch()
		}
		if !r.setup || one.err != nil {
			all = append(all, one)
		}
		if one.err != nil {
			break
		}
	}
	return all
}

// options are those of the post-processor for a run.
func (s scenario) options(r run) map[string]any {
	options := s.size.options(cmp.Or(r.left, s.size.Accounts))
	maps.Copy(options, r.options)
	return options
}

// mismatch tells which calls are not as the formula says.
func (r result) mismatch() error {
	want := r.run.path.Calls()
	var wrong []string
	for _, action := range slices.Sorted(maps.Keys(both(want, r.calls))) {
		if r.calls[action] != want[action] {
			wrong = append(wrong, fmt.Sprintf("%s %d times, not %d", action, r.calls[action], want[action]))
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	return fmt.Errorf("%s, %s run: calls that the formula of docs/design.md does not have: %s", r.size, r.run.title, strings.Join(wrong, "; "))
}

func both(a, b map[string]int) map[string]int {
	sum := maps.Clone(a)
	maps.Copy(sum, b)
	return sum
}

// least is the time that nobody could undercut.
func (r result) least() time.Duration { return r.run.path.least(r.latency, r.buckets) }

// refusedShare is the largest share of the attempts of an action that AWS refused.
func (r result) refusedShare() float64 {
	share := 0.0
	for action, n := range r.refused {
		share = max(share, float64(n)/float64(n+r.calls[action]))
	}
	return share
}

// world is the one that a scenario begins with.
func (s scenario) world() awssim.World {
	w := s.size.world(s.latency)
	w.Hostility.PackedPolicySpace = 2048 // else many sessions ask for a shorter policy, as many as are under way at the first refusal
	for i := range w.Accounts[0].Keys {
		w.Accounts[0].Keys[i].VolumeGrants = s.volumes
	}
	if s.buckets != nil {
		w.Hostility.Throttling = &awssim.Throttling{Burst: 1, Rate: 1, Actions: s.buckets}
	}
	return w
}

// local is a local AWS that is served.
type local struct {
	*awssim.Server
	url  string
	seen int // lines of the journal that have been counted
}

// serve serves a world on a free port of the loopback interface.
func serve(world awssim.World) (l *local, stop func(), err error) {
	server, err := awssim.New(world)
	if err != nil {
		return nil, nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	listening := &http.Server{Handler: server, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = listening.Serve(listener) }() // ends with Close
	return &local{Server: server, url: "http://" + listener.Addr().String()}, func() { _ = listening.Close() }, nil
}

// count counts the calls since it was last called, and those attempts that were refused for there being too many.
func (l *local) count() (calls, refused map[string]int) {
	calls, refused = map[string]int{}, map[string]int{}
	journal := l.Journal()
	for _, entry := range journal[l.seen:] {
		if strings.HasPrefix(entry.Reason, "throttled") {
			refused[entry.Action]++
		} else {
			calls[entry.Action]++
		}
	}
	l.seen = len(journal)
	return calls, refused
}

// environment is that of somebody who works in the source account, with nothing of the user's.
func environment(url string) []string {
	own := slices.DeleteFunc(e2e.EnvOf(url, accessKey, secretKey), func(variable string) bool { return strings.HasSuffix(variable, "=") }) // the CLI takes "" for a name
	return slices.Concat(e2e.Plain(os.Environ()), own, []string{
		"AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE=/none", "AWS_SHARED_CREDENTIALS_FILE=/none", "AWS_REGION=" + regions[0], "AWS_PAGER=",
	})
}
