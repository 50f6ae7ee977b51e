// SPDX-License-Identifier: MPL-2.0

package mask_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log"
	"net/url"
	"strings"
	"testing"

	"github.com/amishare/packer-plugin-ami-share/internal/mask"
)

const secret = `ve"ry_s<cret=ext'ernal/id+1`

func TestAValueIsMaskedInEveryEncoding(t *testing.T) {
	document, err := json.Marshal(map[string]string{"sts:ExternalId": secret})
	if err != nil {
		t.Fatal(err)
	}
	nested, err := json.Marshal(map[string]string{"policy": string(document)})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"as it is":                  "with external id " + secret,
		"inside a longer string":    "x" + secret + "y",
		"quoted by Go":              fmt.Sprintf("with %q", secret),
		"in JSON":                   string(document),
		"in JSON in JSON":           string(nested),
		"in a query":                "Action=AssumeRole&ExternalId=" + url.QueryEscape(secret),
		"in a path":                 "/" + url.PathEscape(secret),
		"in Markdown":               `ve"ry\_s&lt;cret=ext'ernal/id+1`,
		"in a shell's quotes":       `'ve"ry_s<cret=ext'\''ernal/id+1'`,
		"in base64":                 base64.StdEncoding.EncodeToString([]byte(secret)),
		"in base64, one before":     base64.StdEncoding.EncodeToString([]byte(":" + secret + ":x")),
		"in base64, two before":     base64.StdEncoding.EncodeToString([]byte("::" + secret + ":x")),
		"in base64, many before":    base64.StdEncoding.EncodeToString([]byte(`{"external_id": "` + secret + `"}`)),
		"in base64 of URLs, padded": base64.URLEncoding.EncodeToString([]byte("user:" + secret)),
	} {
		var m mask.Mask
		m.Add(secret)
		if got := m.String(text); strings.Count(got, mask.Masked) != 1 || strings.Contains(got, "cret") {
			t.Errorf("%s: %q is %q", name, text, got)
		}
	}
}

func TestShortValuesAreMaskedAsWords(t *testing.T) {
	var m mask.Mask
	m.Add("prod", "x", "", "  ", "/a")
	for text, want := range map[string]string{
		"prod":                       mask.Masked,
		`external id "prod", please`: `external id "` + mask.Masked + `", please`,
		"production of x":            "production of x",
		"path /a /ab":                "path " + mask.Masked + " /ab",
	} {
		if got := m.String(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

func TestNothingIsLeftOfValuesThatHoldEachOther(t *testing.T) {
	for range 20 {
		var m mask.Mask
		m.Add("abcdefgh", "abcdefghij", "ghijklmn")
		if got := m.String("abcdefghij abcdefgh ghijklmn"); got != strings.TrimSpace(strings.Repeat(mask.Masked+" ", 3)) {
			t.Fatalf("it is %q", got)
		}
	}
}

func TestEachLineOfAValueIsMasked(t *testing.T) {
	var m mask.Mask
	m.Add("the first line\r\nthe second line")
	if got := m.String("- the second line\n- the first line"); strings.Contains(got, "line") {
		t.Errorf("it is %q", got)
	}
}

func TestWhatIsLoggedIsMasked(t *testing.T) {
	var m mask.Mask
	var to strings.Builder
	logger := log.New(m.Writer(&to), "", 0)
	m.Add(secret)
	logger.Printf("assuming with %s", secret)
	if got := to.String(); got != "assuming with "+mask.Masked+"\n" {
		t.Errorf("the log has %q", got)
	}
}

func TestAnEmptyMaskChangesNothing(t *testing.T) {
	var m mask.Mask
	if got := m.String("text"); got != "text" {
		t.Errorf("it is %q", got)
	}
	m.Add()
	if got := m.String("text"); got != "text" {
		t.Errorf("it is %q", got)
	}
}
