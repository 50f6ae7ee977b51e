// SPDX-License-Identifier: MPL-2.0

package mask

import (
	"encoding/base64"
	"encoding/json"
	"html"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// forms returns a value in all encodings that it is looked for in.
func forms(value string) []string {
	all := []string{
		value, url.QueryEscape(value), url.PathEscape(value), html.EscapeString(value), markdown(value),
		strings.Trim(strconv.Quote(value), `"`), strings.ReplaceAll(value, "'", `'\''`),
	}
	all = append(all, inJSON(value)...)
	all = append(all, inBase64(value)...)
	slices.Sort(all)
	return slices.Compact(all)
}

// inJSON returns a value as it stands in a JSON string, with and without the escapes that keep it from being read as HTML, and as it stands
// in a document that is itself a string of another one.
func inJSON(value string) []string {
	once := jsonStrings(value)
	var twice []string
	for _, text := range once {
		twice = append(twice, jsonStrings(text)...)
	}
	return append(once, twice...)
}

func jsonStrings(value string) []string {
	var plain strings.Builder
	encoder := json.NewEncoder(&plain)
	encoder.SetEscapeHTML(false)
	escaped, err := json.Marshal(value)
	if err != nil || encoder.Encode(value) != nil {
		return nil // a string can always be written
	}
	return []string{unquoted(strings.TrimSpace(plain.String())), unquoted(string(escaped))}
}

func unquoted(text string) string { return strings.TrimSuffix(strings.TrimPrefix(text, `"`), `"`) }

// markdown escapes a value as GitHub-flavoured Markdown.
func markdown(value string) string {
	return strings.NewReplacer("<", "&lt;", "|", `\|`, "*", `\*`, "_", `\_`, "`", "\\`").Replace(value)
}

// inBase64 returns what of a value shows in base64. Three bytes make four characters, so that there are three ways for a value to stand in a
// longer text, and characters at its ends that it shares with its neighbours.
func inBase64(value string) []string {
	var all []string
	for before := range 3 {
		padded := append(make([]byte, before), value...)
		from, to := (before*8+5)/6, len(padded)*8/6
		for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			all = append(all, encoding.EncodeToString(padded)[from:to])
		}
	}
	return all
}
