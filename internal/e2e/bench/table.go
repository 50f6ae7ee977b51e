// SPDX-License-Identifier: MPL-2.0

package bench

import (
	"fmt"
	"strings"
	"time"
)

// over marks what misses its bar.
const over = " **over**"

// header is that of the table of runs.
const header = `| Regions x accounts x roles | latency | run | seconds | of the least | calls | refused | MB | CPU s | of the SDK alone | descriptors | rows | report kB |
|---|---|---|---|---|---|---|---|---|---|---|---|---|
`

// line is a run's line in the table.
func (r result) line() string {
	cells := []string{r.what(), fmt.Sprintf("%d ms", r.latency.Milliseconds()), r.run.title}
	if r.err != nil {
		return "| " + strings.Join(cells, " | ") + " | failed: see below |\n"
	}
	b, calls := r.run.bars, 0
	for _, n := range r.calls {
		calls += n
	}
	refused, alone := "", ""
	if r.buckets != nil {
		refused = held(100*r.refusedShare(), 100*b.refused, "%.1f %%")
	}
	if r.alone > 0 {
		alone = held(r.took.cpu.Seconds()/(r.alone.Seconds()*float64(calls)), b.alone, "%.2f")
	}
	cells = append(cells,
		fmt.Sprintf("%.1f", r.took.wall.Seconds()), r.ofLeast(), fmt.Sprint(calls), refused,
		held(float64(r.took.memory)/1e6, b.memory, "%.0f"), held(r.took.cpu.Seconds(), b.cpu, "%.1f"), alone,
		fmt.Sprint(r.took.descriptors), fmt.Sprint(r.took.rows), held(float64(r.took.report)/1e3, b.report, "%.0f"),
	)
	return "| " + strings.Join(cells, " | ") + " |\n"
}

// what names the scenario.
func (s scenario) what() string {
	text := s.size.String()
	if s.volumes > 0 {
		text += fmt.Sprintf(", %d grants of others", s.volumes)
	}
	if s.descriptors > 0 {
		text += fmt.Sprintf(", ulimit -n %d", s.descriptors)
	}
	return text + s.narrow()
}

// narrow names the buckets that are not as AWS publishes them.
func (s scenario) narrow() string {
	usual := published()
	for action, b := range s.buckets {
		if b != usual[action] {
			_, name, _ := strings.Cut(action, ":")
			return fmt.Sprintf(", %s at %g/s", name, b.PerSecond)
		}
	}
	return ""
}

// ofLeast compares the time with the least, where that is more than nothing.
func (r result) ofLeast() string {
	least := r.least()
	if least < time.Millisecond {
		return ""
	}
	return held(r.took.wall.Seconds()/least.Seconds(), r.run.bars.time, "%.2f")
}

// held is a value, its bar and the ratio of the two.
func held(value, bar float64, format string) string {
	text := fmt.Sprintf(format, value)
	if bar == 0 {
		return text
	}
	text += fmt.Sprintf(" of "+format+" (%.2f)", bar, value/bar)
	if value > bar {
		text += over
	}
	return text
}
