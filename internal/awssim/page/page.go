// SPDX-License-Identifier: MPL-2.0

// Package page shows the local AWS to people: one page of HTML, readable in any browser, with what is in the accounts and
// what was called. It works without JavaScript, and nothing on it changes anything.
package page

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
)

//go:embed page.tmpl.html
var source string

//go:embed page.css
var style []byte

// Source is what the page is made of.
type Source struct {
	// Names of all accounts, by id; empty for an account without one.
	Names map[string]string
	// State of the local AWS, as /_awssim/state shows it.
	State json.RawMessage
	// Journal is all calls, oldest first.
	Journal []cloud.Entry
}

// view is what the template gets.
type view struct {
	Accounts   []account
	AMIs       []shared
	Snapshots  []shared
	Keys       []key
	Parameters []parameter
	Groups     []group
	Journal    journal
}

// Serve answers a request for the page. Its query has the fields of the page's form.
func Serve(w http.ResponseWriter, query url.Values, from Source) {
	text, err := render(query, from)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	// Whatever slipped through the template's escaping would neither run nor load anything.
	protect(w, "text/html; charset=utf-8")
	_, _ = w.Write(text) // the client is gone; there is nobody to tell
}

// ServeStyle answers a request for the page's style sheet.
func ServeStyle(w http.ResponseWriter) {
	protect(w, "text/css; charset=utf-8")
	_, _ = w.Write(style) // the client is gone; there is nobody to tell
}

func protect(w http.ResponseWriter, contentType string) {
	header := w.Header()
	header.Set("Content-Type", contentType)
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cache-Control", "no-store")
}

func render(query url.Values, from Source) ([]byte, error) {
	shown, err := look(query, from)
	if err != nil {
		return nil, err
	}
	page, err := template.New("page").Parse(source)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer // a page that ends in an error is not sent
	err = page.Execute(&out, shown)
	return out.Bytes(), err
}

// look makes a view of the state and the journal.
func look(query url.Values, from Source) (view, error) {
	var s state
	if err := json.Unmarshal(from.State, &s); err != nil {
		return view{}, fmt.Errorf("reading the state of the local AWS: %w", err)
	}
	all := people(from.Names)
	v := view{Accounts: all.accounts(s), Keys: all.keys(s), Journal: entries(query, from.Journal, all)}
	for id, a := range s.Accounts {
		for name, r := range a.Regions {
			at := place{all.of(id), name}
			v.AMIs = append(v.AMIs, all.shared(at, r.Images, r.Tags)...)
			v.Snapshots = append(v.Snapshots, all.shared(at, r.Snapshots, r.Tags)...)
			v.Parameters = append(v.Parameters, parameters(at, r)...)
			v.Groups = append(v.Groups, groups(at, r)...)
		}
	}
	slices.SortFunc(v.AMIs, shared.compare)
	slices.SortFunc(v.Snapshots, shared.compare)
	slices.SortFunc(v.Parameters, parameter.compare)
	slices.SortFunc(v.Groups, group.compare)
	return v, nil
}
