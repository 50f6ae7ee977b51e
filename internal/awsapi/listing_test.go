// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

func TestAListingThatLeadsInACircleEnds(t *testing.T) {
	w := newWire(t, map[string]func(int) (int, string){"ListGrants": func(n int) (int, string) {
		return http.StatusOK, fmt.Sprintf(`{"Grants":[],"Truncated":true,"NextMarker":"%d"}`, n%3)
	}})
	_, err := New(clients.New(w.config(), nil, clients.Options{}), Options{}).ListGrants(t.Context(), clients.Place{}, &kms.ListGrantsInput{KeyId: aws.String(keyARN)})
	if err == nil || !strings.Contains(err.Error(), "not complete") || len(w.of("ListGrants")) != 4 {
		t.Errorf("%d pages, then %v", len(w.of("ListGrants")), err)
	}
}

func TestOfAKeyWithVeryManyGrantsOnlyThoseOfTheRunAreRead(t *testing.T) {
	const other = `{"GrantId":"other","GranteePrincipal":"ebs"}`
	w := newWire(t, nil)
	w.answers = map[string]func(int) (int, string){"ListGrants": func(n int) (int, string) {
		calls := w.of("ListGrants")
		if strings.Contains(calls[len(calls)-1].body, "GranteePrincipal") {
			return http.StatusOK, `{"Grants":[{"GrantId":"ours"}]}`
		}
		return http.StatusOK, fmt.Sprintf(`{"Grants":[%s],"Truncated":true,"NextMarker":"%d"}`, strings.TrimSuffix(strings.Repeat(other+",", 100), ","), n)
	}}
	request := sharing.Request{Targets: []sharing.Target{{Account: target, Credentials: true, Grantees: []sharing.Grantee{autoscalingRole}}}}
	o := &observation{Client: New(clients.New(w.config(), nil, clients.Options{}), Options{}), request: request}
	grants, listed := o.sourceGrants(t.Context(), keyARN)
	if !listed || len(grants) != 1 || grants[0].ID != "ours" || len(o.warnings.Items) != 1 || len(w.of("ListGrants")) != longList/100+1 {
		t.Errorf("%d grants, %v, warnings %q after %d calls", len(grants), listed, o.warnings.Items, len(w.of("ListGrants")))
	}
}

func TestGrantsThatAreAllThereNeedNoFurtherPages(t *testing.T) {
	s := start(t, func(w *awssim.World) {
		for i := range w.Accounts[0].Keys {
			w.Accounts[0].Keys[i].VolumeGrants = 3000
		}
	})
	request := someRequest()
	read := func() int {
		before := s.Counts()["kms:ListGrants"]
		facts, err := s.client(Options{}).Observe(t.Context(), request)
		if err != nil || len(facts.Keys) != 2 {
			t.Fatal(facts.Keys, err)
		}
		p, err := plan.Compute(request, facts)
		if err != nil {
			t.Fatal(err)
		}
		doAll(t, s.client(Options{}), p.Changes...)
		return s.Counts()["kms:ListGrants"] - before
	}
	if first, second := read(), read(); first != 2*(20+2) || second != 2*(1+2) || s.Counts()["kms:CreateGrant"] != 4 {
		t.Errorf("%d and %d calls of ListGrants, %d of CreateGrant", first, second, s.Counts()["kms:CreateGrant"])
	}
}
