// SPDX-License-Identifier: MPL-2.0

package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// Options of a benchmark.
type Options struct {
	Plugin string // the plugin's binary
	CLI    string // the AWS CLI; "" leaves the how-to by hand out
	Big    bool   // with the largest sizes too
	Small  bool   // nothing but small sizes
	Only   string // nothing but the lines that hold one of these texts, separated by semicolons; "" for all
	Plot   string // the file to draw the plot into; "" for none
}

// Run measures everything, and writes the table as it goes. Its error has every run that failed or made other calls than the
// formula says; what misses its bar is marked, and is no error: machines differ.
func Run(ctx context.Context, out io.Writer, o Options) error {
	each, err := perCall(ctx, Of(4, 100, 1))
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s/%s, %d processors. The SDK alone takes %.2f ms of a processor for a call.\n\n%s", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), each.Seconds()*1000, header)
	var results []result
	tell := func(all []result) {
		for i := range all {
			all[i].alone = each
			fmt.Fprint(out, all[i].line())
		}
		results = append(results, all...)
	}
	for _, s := range o.chosen(sizes(o)) {
		tell(s.measure(ctx, o.Plugin))
	}
	for _, all := range together(ctx, o.chosen(rates(o)), o.Plugin) {
		tell(all)
	}
	hand, err := o.compare(ctx, out)
	errs := []error{err}
	for _, r := range results {
		errs = append(errs, r.err)
	}
	if o.Plot != "" {
		errs = append(errs, os.WriteFile(o.Plot, []byte(plot(results, hand)), 0o600))
	}
	return errors.Join(errs...)
}

// compare makes the steps by hand and with the plugin.
func (o Options) compare(ctx context.Context, out io.Writer) (howto, error) {
	if o.CLI == "" || !o.wants("by hand") {
		return howto{}, nil
	}
	s := Of(2, 5, 1)
	h, err := byHand(ctx, o.CLI, s, usual)
	if err != nil {
		return h, err
	}
	plugin := scenario{size: s, latency: usual, runs: s.both(bars{})[:1]}.measure(ctx, o.Plugin)[0]
	if plugin.err == nil {
		fmt.Fprint(out, "\n"+h.sentence(plugin.took))
	}
	return h, plugin.err
}

// chosen are the scenarios whose lines hold the text.
func (o Options) chosen(all []scenario) []scenario {
	return slices.DeleteFunc(all, func(s scenario) bool { return !o.wants(s.what()) })
}

func (o Options) wants(line string) bool {
	return slices.ContainsFunc(strings.Split(o.Only, ";"), func(text string) bool { return strings.Contains(line, text) })
}

// together measures scenarios at the same time, in their order.
func together(ctx context.Context, scenarios []scenario, binary string) [][]result {
	results := make([][]result, len(scenarios))
	var all sync.WaitGroup
	for i, s := range scenarios {
		all.Go(func() { results[i] = s.measure(ctx, binary) })
	}
	all.Wait()
	return results
}
