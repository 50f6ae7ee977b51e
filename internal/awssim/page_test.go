// SPDX-License-Identifier: MPL-2.0

package awssim_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"golang.org/x/net/html"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

const nasty = `"><script>alert('x')</script>&amp;<img src=x onerror=alert(1)>`

// pageWorld has something of everything that the page shows, with names that would be HTML if they weren't escaped.
const pageWorld = `{"accounts":[
 {"id":"111111111111","name":%[1]q,"users":[{"name":"ops","access_key_id":"AKIAEXAMPLEOPS","secret_access_key":"an-administrators-secret","policies":[
   {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}]}],
  "roles":[{"name":"baker","trust_policy":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"111111111111"},"Action":"sts:AssumeRole"}]}}],
  "keys":[{"region":"us-east-1","id":"11111111-2222-4333-8444-555555555555","aliases":["alias/ami"]}],
  "regions":{"us-east-1":{
   "snapshots":[{"id":"snap-0a","kms_key":"alias/ami","create_volume_permissions":["222222222222"]}],
   "images":[{"id":"ami-0a","name":%[1]q,"launch_permissions":["222222222222","333333333333","all","arn:aws:organizations::111111111111:organization/o-abcdefghij"],
     "block_devices":[{"snapshot":"snap-0a"}],"tags":{%[1]q:%[1]q}}],
   "parameters":[{"name":"/ami","value":%[1]q,"labels":["live"]}],
   "launch_templates":[{"name":"web","image":"ami-0a"}],
   "auto_scaling_groups":[{"name":%[1]q,"launch_template":"web","max_size":3}]}}},
 {"id":"222222222222","name":"web"},{"id":"333333333333"}]}`

// startPage serves a local AWS with pageWorld.
func startPage(t *testing.T) *fixture {
	t.Helper()
	world, err := awssim.Load(strings.NewReader(fmt.Sprintf(pageWorld, nasty)))
	if err != nil {
		t.Fatal(err)
	}
	return serve(t, world, func(server *awssim.Server) http.Handler { return server })
}

// getPage reads a page, and fails unless it is there.
func getPage(t *testing.T, address string) (*html.Node, http.Header) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v: %s", address, response.Status, err, text)
	}
	page, err := html.Parse(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return page, response.Header
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func elements(page *html.Node, names ...string) []*html.Node {
	var found []*html.Node
	for n := range page.Descendants() {
		if n.Type == html.ElementNode && slices.Contains(names, n.Data) {
			found = append(found, n)
		}
	}
	return found
}

func textOf(n *html.Node) string {
	var b strings.Builder
	for below := range n.Descendants() {
		if below.Type == html.TextNode {
			b.WriteString(below.Data)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// tableOf returns the rows of the table below a heading, each as the texts of its cells.
func tableOf(t *testing.T, page *html.Node, id string) [][]string {
	t.Helper()
	for _, section := range elements(page, "section") {
		if attribute(section, "aria-labelledby") != id {
			continue
		}
		var rows [][]string
		for _, row := range elements(section, "tr") {
			var cells []string
			for _, cell := range elements(row, "td", "th") {
				cells = append(cells, textOf(cell))
			}
			rows = append(rows, cells)
		}
		return rows
	}
	t.Fatalf("the page has no part %q", id)
	return nil
}

func TestThePageShowsWhatIsThere(t *testing.T) {
	f := startPage(t)
	const key, baker = "arn:aws:kms:us-east-1:111111111111:key/11111111-2222-4333-8444-555555555555", "arn:aws:iam::111111111111:role/baker"
	in := decryptGrant(key)
	in.GranteePrincipal = aws.String(baker)
	must(t, only(kms.NewFromConfig(f.config(t, "AKIAEXAMPLEOPS", "us-east-1")).CreateGrant(t.Context(), in)))
	page, _ := getPage(t, f.url+"/_awssim/")
	const images = "111111111111 " + nasty
	tests := map[string]struct {
		part string
		want []string
	}{
		"accounts":              {"accounts", []string{"111111111111", nasty, "2arn:aws:iam::111111111111:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling" + baker, "us-east-1"}},
		"an account, no name":   {"accounts", []string{"333333333333", "", "none", ""}},
		"an AMI":                {"amis", []string{images, "us-east-1", "ami-0a", nasty, "available", "222222222222 web333333333333all everybodyarn:aws:organizations::111111111111:organization/o-abcdefghij", nasty + " " + nasty}},
		"a snapshot":            {"snapshots", []string{images, "us-east-1", "snap-0a", "completed", key, "222222222222 web", ""}},
		"a grant":               {"grants", []string{key, "Enabled", "name", images, baker, "Decrypt, DescribeKey"}},
		"a parameter":           {"parameters", []string{images, "us-east-1", "/ami", nasty, "text", "live " + nasty, ""}},
		"an Auto Scaling group": {"groups", []string{images, "us-east-1", nasty, "arn:aws:iam::111111111111:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling", "0"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			rows := tableOf(t, page, test.part)
			if !slices.ContainsFunc(rows, func(row []string) bool { return slices.Equal(row, test.want) }) {
				t.Errorf("no row %q in %q", test.want, rows)
			}
		})
	}
}

// TestThePageIsHarmless: names and values of all kinds are text on the page, and a browser is told to run nothing.
func TestThePageIsHarmless(t *testing.T) {
	f := startPage(t)
	query := url.Values{"account": {nasty}, "action": {nasty}, "decision": {nasty}, "before": {nasty}}
	for _, address := range []string{f.url + "/_awssim/", f.url + "/_awssim/?" + query.Encode()} {
		page, header := getPage(t, address)
		if found := elements(page, "script", "img", "iframe", "object", "style"); len(found) > 0 {
			t.Errorf("the page has an element %s", found[0].Data)
		}
		for n := range page.Descendants() {
			for _, a := range n.Attr {
				if strings.HasPrefix(a.Key, "on") || a.Key == "style" || strings.Contains(a.Val, "javascript:") {
					t.Errorf("the element %s has %s=%q", n.Data, a.Key, a.Val)
				}
			}
		}
		if policy := header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none';") {
			t.Errorf("the browser is told %q", policy)
		}
		if strings.Contains(textOf(page), "an-administrators-secret") {
			t.Error("the page shows a secret")
		}
	}
}

// TestThePageCanBeReadByEverybody has what screen readers and keyboards need.
func TestThePageCanBeReadByEverybody(t *testing.T) {
	f := startPage(t)
	page, _ := getPage(t, f.url+"/_awssim/")
	ids := map[string]bool{}
	for n := range page.Descendants() {
		if id := attribute(n, "id"); id != "" && ids[id] {
			t.Errorf("the id %q is there twice", id)
		} else if id != "" {
			ids[id] = true
		}
	}
	if lang := attribute(elements(page, "html")[0], "lang"); lang != "en" {
		t.Errorf("the page's language is %q", lang)
	}
	for _, n := range elements(page, "a", "label") {
		target, local := strings.CutPrefix(attribute(n, "href"), "#")
		if n.Data == "label" {
			target, local = attribute(n, "for"), true
		}
		if local && !ids[target] {
			t.Errorf("%s %q leads to no %q", n.Data, textOf(n), target)
		}
	}
	for _, n := range elements(page, "section", "div") {
		if name := attribute(n, "aria-labelledby"); !ids[name] {
			t.Errorf("a %s is named by %q, which is not there", n.Data, name)
		}
	}
	for _, n := range elements(page, "th") {
		if attribute(n, "scope") == "" {
			t.Errorf("the cell %q does not say what it is the head of", textOf(n))
		}
	}
	if tables := len(elements(page, "table")); tables < 6 {
		t.Errorf("the page has %d tables: are they found?", tables)
	}
}

// TestThePageOfCalls: newest first, 200 at once, with the reason of each decision.
func TestThePageOfCalls(t *testing.T) {
	f := startPage(t)
	admin := ec2.NewFromConfig(f.config(t, "AKIAEXAMPLEOPS", "us-east-1"))
	for range 401 {
		must(t, only(admin.DescribeImages(t.Context(), &ec2.DescribeImagesInput{ImageIds: []string{"ami-0a"}})))
	}
	_ = only(admin.DescribeSnapshots(t.Context(), &ec2.DescribeSnapshotsInput{SnapshotIds: []string{"snap-0123456789abcdef0"}}))
	var shown []string
	pages := 0
	for address := "/_awssim/"; address != ""; pages++ {
		page, _ := getPage(t, f.url+address)
		for _, row := range tableOf(t, page, "calls")[1:] {
			shown = append(shown, strings.Join(row[:1], ""))
		}
		address = ""
		for _, link := range elements(page, "a") {
			if textOf(link) == "Older calls" {
				address = attribute(link, "href")
			}
		}
	}
	if pages != 3 || len(shown) != 402 || shown[0] != "402" || shown[401] != "1" || len(slices.Compact(shown)) != 402 {
		t.Errorf("%d pages show %d calls, from %v to %v", pages, len(shown), shown[0], shown[len(shown)-1])
	}
	tests := map[string]struct {
		query string
		rows  int
	}{
		"of an action":         {"action=DESCRIBEsnap", 1},
		"of an account":        {"account=111111111111&before=11", 10},
		"of another account":   {"account=222222222222", 0},
		"that ended in errors": {"decision=error", 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			page, _ := getPage(t, f.url+"/_awssim/?"+test.query)
			rows := 0
			for _, table := range elements(page, "tbody") {
				if strings.HasPrefix(textOf(table), "402") || strings.Contains(textOf(table), "ec2:Describe") {
					rows = len(elements(table, "tr"))
				}
			}
			if rows != test.rows {
				t.Errorf("%d calls, want %d", rows, test.rows)
			}
		})
	}
	page, _ := getPage(t, f.url+"/_awssim/?decision=error")
	row := tableOf(t, page, "calls")[1]
	if want := []string{"402", "ec2:DescribeSnapshots", "us-east-1", nasty + ": arn:aws:iam::111111111111:user/ops", "error: InvalidSnapshot.NotFound"}; !slices.Equal(want, []string{row[0], row[2], row[3], row[4], row[6]}) {
		t.Errorf("the row of the call that failed is %q", row)
	}
	if !strings.HasPrefix(row[7], "statement 1 of the identity policy allows ec2:DescribeSnapshots") || !strings.Contains(row[7], "snap-0123456789abcdef0") {
		t.Errorf("its reason is %q", row[7])
	}
}
