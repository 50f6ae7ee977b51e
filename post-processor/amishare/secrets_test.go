// SPDX-License-Identifier: MPL-2.0

package amishare

import (
	"bytes"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/amishare/packer-plugin-ami-share/internal/mask"
)

func TestSensitiveValuesAreWrittenNowhere(t *testing.T) {
	start(t, world())
	t.Setenv("PKR_VAR_role", "role-of-the-customer")
	folder := t.TempDir()
	report, summary := filepath.Join(folder, "report-very_secret_id.json"), filepath.Join(folder, "summary.md")
	body := strings.NewReplacer("id-of-"+first, "very_secret_id", `"ami-share"`, `"role-of-the-customer"`).Replace(targets(first, second)) +
		option("report_file", report) + option("summary_file", summary) + "sensitive_values = [\"golden\"]\n"
	p := new(PostProcessor)
	if err := p.Configure(map[string]any{"packer_sensitive_variables": []string{"role"}}, block(t, body)); err != nil {
		t.Fatal(err)
	}
	var logged bytes.Buffer
	log.SetOutput(&logged)
	defer log.SetOutput(os.Stderr)
	ui := newRecorder()
	_, _, _, err := p.PostProcess(t.Context(), ui, golden)
	if err == nil {
		t.Fatal("the roles can be assumed")
	}
	texts := map[string]string{"the screen": ui.text.String(), "the rows": strings.Join(ui.rows, "\n"), "the error": err.Error(), "the log": logged.String()}
	for _, path := range []string{report, summary} {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		texts[filepath.Base(path)] = string(content)
	}
	for name, text := range texts {
		for _, secret := range []string{"very_secret_id", `very\_secret\_id`, "id-of-" + second, "role-of-the-customer", "golden"} {
			if strings.Contains(text, secret) {
				t.Errorf("%s has %q:\n%s", name, secret, text)
			}
		}
		if name != "the log" && name != "the screen" && !strings.Contains(text, mask.Masked) {
			t.Errorf("%s masks nothing:\n%s", name, text)
		}
	}
}

func TestWhatIsWrongWithTheConfigurationIsMasked(t *testing.T) {
	body := strings.Replace(targets(first), first, "not-an-account-id-of-mine", 1)
	p := new(PostProcessor)
	err := p.Configure(block(t, body+"sensitive_values = [\"not-an-account-id-of-mine\"]\n"))
	if err == nil || strings.Contains(err.Error(), "of-mine") || !strings.Contains(err.Error(), mask.Masked) {
		t.Errorf("the error is %v", err)
	}
}

func TestAnAccountIDIsNoSecret(t *testing.T) {
	p, err := configured(t, strings.ReplaceAll(targets(first), "id-of-", ""))
	if err != nil {
		t.Fatal(err)
	}
	if got := conceal(&p.config).text("account " + first); got != "account "+first {
		t.Errorf("it is %q", got)
	}
}

func TestTheValuesInASensitiveVariableAreMaskedEach(t *testing.T) {
	const hidden = mask.Masked
	for name, test := range map[string]struct{ value, text, want string }{
		"a list":                   {`["first-customer", "second-customer"]`, "second-customer", hidden},
		"a number in a list":       {`["first-customer", 12345678]`, "12345678", hidden},
		"a map, without its keys":  {`{"222222222222" = "team-b-external", "333333333333": ""}`, "222222222222 team-b-external", "222222222222 " + hidden},
		"with an escape":           {`["of-\"a\"-customer"]`, `of-"a"-customer`, hidden},
		"a map in a list":          {`[{ id = "first-customer" }]`, "id first-customer", "id " + hidden},
		"a text":                   {`first-customer`, "first-customer", hidden},
		"a text that is no list":   {`["first-customer`, `["first-customer`, hidden},
		"a list with a reference":  {`[var.x, "y"]`, `[var.x, "y"]`, hidden},
		"a text that is a number":  {`12345678`, "12345678", hidden},
		"a text that has a quoted": {`say "something" aloud`, `"something"`, `"something"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("PKR_VAR_customers", test.value)
			var c Config
			c.PackerSensitiveVars = []string{"customers"}
			if got := conceal(&c).text(test.text); got != test.want {
				t.Errorf("%q is %q, want %q", test.text, got, test.want)
			}
		})
	}
}

func TestSensitiveVariablesOfAJSONTemplateAreMasked(t *testing.T) {
	var c Config
	c.PackerSensitiveVars, c.PackerUserVars = []string{"json"}, map[string]string{"json": "of-a-json-template"}
	if got := conceal(&c).text("of-a-json-template"); got != mask.Masked {
		t.Errorf("it is %q", got)
	}
}

func TestTheExternalIDOfEachAccountIsASecret(t *testing.T) {
	p := new(PostProcessor)
	if err := p.Configure(block(t, `target {
		account_ids = ["222222222222", "333333333333"]
		assume_role {
			role_name    = "x"
			external_ids = { "222222222222" = "team_a", "333333333333" = "333333333333" }
		}
	}`)); err != nil {
		t.Fatal(err)
	}
	got := p.config.secrets()
	if !slices.Contains(got, "team_a") || slices.Contains(got, "333333333333") {
		t.Errorf("the secrets are %q", got)
	}
}
