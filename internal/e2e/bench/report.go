// SPDX-License-Identifier: MPL-2.0

package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
)

// Options of a benchmark.
type Options struct {
	Plugin string // the plugin's binary
	CLI    string // the AWS CLI; "" leaves the shell how-to out
	Big    bool   // with the largest sizes too
	Small  bool   // nothing but small sizes
	Only   string // nothing but the lines that hold this text; "" for all
}

// Run measures everything, and writes the tables as it goes. Its error has every run that failed or made other calls than the
// formula says; what misses its bar is marked, and is no error: machines differ.
func Run(ctx context.Context, out io.Writer, o Options) error {
	var results []result
	fmt.Fprint(out, header)
	tell := func(all []result) {
		for _, r := range all {
			fmt.Fprint(out, r.line())
		}
		results = append(results, all...)
	}
	each, err := perCall(ctx, Of(4, 100, 1))
	fmt.Println(each, err)
	for _, s := range o.chosen(sizes(o)) {
		tell(s.measure(ctx, o.Plugin))
	}
	for _, all := range together(ctx, o.chosen(rates(o)), o.Plugin) {
		tell(all)
	}
	var errs []error
	for _, r := range results {
		errs = append(errs, r.err)
	}
	return errors.Join(errs...)
}

// chosen are the scenarios whose lines hold the text.
func (o Options) chosen(all []scenario) []scenario {
	return slices.DeleteFunc(all, func(s scenario) bool { return !strings.Contains(s.what(), o.Only) })
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
