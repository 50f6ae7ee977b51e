// SPDX-License-Identifier: MPL-2.0

package key_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

var update = flag.Bool("update", false, "write testdata/refusal.txt")

// requestID is another one each time.
var requestID = regexp.MustCompile(`request id [0-9a-f-]+`)

// TestARefusalTellsEverythingAtOnce pins the whole text: what is wrong with keys and targets, what helps, the statements
// to add once for both keys, and what could not be read. The stories show that each part of it helps.
func TestARefusalTellsEverythingAtOnce(t *testing.T) {
	world := theWorld()
	tokyo := world.Accounts[0].Keys[0]
	tokyo.Region, tokyo.State = "ap-northeast-1", "Disabled"
	world.Accounts[0].Keys = append(world.Accounts[0].Keys, tokyo)
	for i := range world.Accounts[0].Keys {
		world.Accounts[0].Keys[i].Policy = delegating(source)
	}
	world.Accounts = append(world.Accounts, targetAccount("333333333333"))
	world.Accounts[2].Roles = []awssim.WorldRole{{Name: "other", TrustPolicy: json.RawMessage(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"333333333333"},"Action":"sts:AssumeRole"}]}`)}}
	serve(t, world)
	_, err := execute(block(options{
		"regions": []string{frankfurt, virginia, "ap-northeast-1"}, "grant_operations": []string{"Decrypt", "CreateGrant"},
		"target": []options{target(options{"account_ids": []string{targetID, "333333333333"}})},
	}))
	if err == nil {
		t.Fatal("accepted")
	}
	file, got := filepath.Join("testdata", "refusal.txt"), requestID.ReplaceAllString(err.Error(), "request id …")+"\n"
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("(-file +now):\n%s", diff)
	}
}
