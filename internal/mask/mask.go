// SPDX-License-Identifier: MPL-2.0

// Package mask takes secret values out of text that is written somewhere: files, rows, logs, the screen.
//
// Packer masks the values of sensitive variables on its screen and in its log, and does not tell plugins what they are. So a plugin
// that writes files of its own has to know what to mask, and does it here, at one place.
package mask

import (
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Masked stands for a value that was taken out. It is what Packer writes.
const Masked = "<sensitive>"

const (
	// shortest is the number of bytes from which on a value is looked for. A single character is in every text.
	shortest = 2
	// anywhere is the number of bytes from which on a value is masked anywhere, inside of longer words too, and in other encodings.
	// A shorter one is masked where it stands as a word of its own: "prod" stays in "production".
	anywhere = 8
)

// Mask is a set of values to take out of text. The zero value masks nothing. It may be used by several goroutines.
type Mask struct {
	mu       sync.RWMutex
	values   map[string]bool
	replacer *strings.Replacer
	short    []string       // values that are masked as words
	words    *regexp.Regexp // finds them
}

// Add adds values. Of one with several lines each line is masked too, as Packer does.
func (m *Mask) Add(values ...string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.values == nil {
		m.values = map[string]bool{}
	}
	for _, value := range values {
		for _, part := range append(strings.Split(strings.ReplaceAll(value, "\r\n", "\n"), "\n"), value) {
			if len(part) >= shortest && strings.TrimSpace(part) != "" {
				m.values[part] = true
			}
		}
	}
	m.compile()
}

// compile makes of the values what looks for them: the longest first, so that of two values one of which holds the other, nothing is left.
func (m *Mask) compile() {
	var long, patterns []string
	m.short = nil
	for value := range m.values {
		if len(value) >= anywhere {
			long = append(long, forms(value)...)
		} else {
			m.short = append(m.short, value)
		}
	}
	longestFirst(m.short)
	for _, value := range m.short {
		patterns = append(patterns, bounded(value))
	}
	m.words = regexp.MustCompile(strings.Join(patterns, "|"))
	longestFirst(long)
	pairs := make([]string, 0, 2*len(long))
	for _, form := range long {
		pairs = append(pairs, form, Masked)
	}
	m.replacer = strings.NewReplacer(pairs...)
}

func longestFirst(values []string) {
	slices.SortStableFunc(values, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
}

var wordEdge = regexp.MustCompile(`^\w`)

// bounded returns the pattern of a value that stands as a word of its own.
func bounded(value string) string {
	pattern := regexp.QuoteMeta(value)
	if wordEdge.MatchString(value) {
		pattern = `\b` + pattern
	}
	if wordEdge.MatchString(value[len(value)-1:]) {
		pattern += `\b`
	}
	return pattern
}

// String returns text with [Masked] in place of every value, in whichever of the usual encodings it stands there: as it is, escaped for
// JSON, Markdown, HTML, a URL or a shell, and in base64, also in the middle of a longer text that is encoded.
func (m *Mask) String(text string) string {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.replacer == nil {
		return text
	}
	text = m.replacer.Replace(text)
	if slices.ContainsFunc(m.short, func(value string) bool { return strings.Contains(text, value) }) {
		text = m.words.ReplaceAllString(text, Masked)
	}
	return text
}

// Error returns an error whose text has no value, nil for nil. One that has none anyway is returned as it is.
func (m *Mask) Error(err error) error {
	if err == nil {
		return nil
	}
	if text := m.String(err.Error()); text != err.Error() {
		return errors.New(text)
	}
	return err
}

// Writer returns a writer that masks what goes to w. Each call of its Write is masked for itself: a logger writes an entry in one call.
func (m *Mask) Writer(w io.Writer) io.Writer { return writer{m, w} }

type writer struct {
	mask *Mask
	to   io.Writer
}

func (w writer) Write(p []byte) (int, error) {
	if _, err := io.WriteString(w.to, w.mask.String(string(p))); err != nil {
		return 0, err
	}
	return len(p), nil
}
