// SPDX-License-Identifier: MPL-2.0

package releasing

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	fence   = regexp.MustCompile("(?ms)^```(\\w*)\n(.*?)^```$")
	link    = regexp.MustCompile(`\]\(([^)]+)\)`)
	callout = regexp.MustCompile(`(?m)^(?:->|~>|!>)(.*)$`)
	portal  = regexp.MustCompile(`^/packer/integrations/amishare/ami-share/latest/components/([\w-]+)/([\w-]+)(#.*)?$`)
	slug    = regexp.MustCompile(`type = "([\w-]+)"\s+name = "[^"]+"\s+slug = "([\w-]+)"`)
)

// pages are what the integrations portal shows, by component; "" is the first page.
func pages(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{"": read(t, root, ".web-docs", "README.md")}
	for _, component := range slug.FindAllStringSubmatch(strings.ReplaceAll(read(t, root, ".web-docs", "metadata.hcl"), "  ", " "), -1) {
		path := filepath.Join(component[1], component[2])
		all[path] = read(t, root, ".web-docs", "components", path, "README.md")
	}
	if len(all) < 3 {
		t.Fatalf("metadata.hcl names %d components", len(all)-1)
	}
	return all
}

func TestThePortalShowsEveryComponent(t *testing.T) {
	rendered, err := filepath.Glob(filepath.Join(root, ".web-docs", "components", "*", "*", "README.md"))
	if err != nil || len(rendered) != len(pages(t))-1 {
		t.Errorf("%d pages are rendered, and metadata.hcl names %d components (%v)", len(rendered), len(pages(t))-1, err)
	}
}

func TestThePagesAreInTheOrderOfTheAmazonPlugins(t *testing.T) {
	for name, page := range pages(t) {
		if name == "" {
			continue
		}
		if !strings.HasPrefix(page, "Type: `ami-share") {
			t.Errorf("%s: it does not begin with the type", name)
		}
		if example, reference := strings.Index(page, "## Example Usage"), strings.Index(page, "## Configuration Reference"); example < 0 || reference < example {
			t.Errorf("%s: the example is not before the options", name)
		}
	}
}

func TestExamplesStandAtTheMargin(t *testing.T) {
	for name, page := range pages(t) {
		if strings.Count(page, "\n```")%2 != 0 {
			t.Errorf("%s: a fenced block has no end", name)
		}
		for _, block := range fence.FindAllStringSubmatch(page, -1) {
			if block[1] == "" || strings.HasPrefix(block[2], "\t") || strings.HasPrefix(block[2], "\n") || strings.HasSuffix(block[2], "\n\n") {
				t.Errorf("%s: a block of %q has margins:\n%s", name, block[1], block[2])
			}
		}
	}
}

// A callout is one paragraph that starts with its sign and a space; anything else is shown as it stands.
func TestCalloutsAreUnderstood(t *testing.T) {
	for name, page := range pages(t) {
		for _, found := range callout.FindAllStringSubmatchIndex(page, -1) {
			if page[found[2]] != ' ' || !strings.HasSuffix(page[:found[0]], "\n\n") {
				t.Errorf("%s: the callout is no paragraph: %s", name, page[found[0]:found[1]])
			}
		}
	}
}

func TestLinksLeadSomewhereOnThePortal(t *testing.T) {
	all := pages(t)
	for name, page := range all {
		for _, found := range link.FindAllStringSubmatch(page, -1) {
			target := found[1]
			anchor, inside := strings.CutPrefix(target, "#")
			ours := portal.FindStringSubmatch(target)
			switch {
			case inside:
				wantAnchor(t, name, page, anchor)
			case strings.HasPrefix(target, "https://"):
			case ours == nil || all[filepath.Join(ours[1], ours[2])] == "":
				t.Errorf("%s: the portal has no page %s", name, target)
			case ours[3] != "":
				wantAnchor(t, name, all[filepath.Join(ours[1], ours[2])], strings.TrimPrefix(ours[3], "#"))
			}
		}
	}
}

func wantAnchor(t *testing.T, name, page, anchor string) {
	t.Helper()
	for line := range strings.Lines(page) {
		heading := strings.TrimSpace(strings.TrimLeft(line, "#"))
		if strings.HasPrefix(line, "#") && strings.ReplaceAll(strings.ToLower(heading), " ", "-") == anchor {
			return
		}
	}
	t.Errorf("%s: there is no heading for #%s", name, anchor)
}
