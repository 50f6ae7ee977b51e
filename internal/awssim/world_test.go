// SPDX-License-Identifier: MPL-2.0

package awssim_test

import (
	"strings"
	"testing"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

// TestWorldsThatCannotBe has a row for each thing that a world file may get wrong, and the words that tell it.
func TestWorldsThatCannotBe(t *testing.T) {
	key := func(fields string) string {
		return `{"accounts":[{"id":"111111111111","keys":[{"region":"us-east-1",` + fields + `}]}]}`
	}
	tests := map[string]struct{ world, want string }{
		"a short account id":                {`{"accounts":[{"id":"1111"}]}`, "not an account id of 12 digits"},
		"an account twice":                  {`{"accounts":[{"id":"111111111111"},{"id":"111111111111"}]}`, "is there twice"},
		"a key without a Region":            {`{"accounts":[{"id":"111111111111","keys":[{}]}]}`, "a key has no region"},
		"a key in a state of no key":        {key(`"state":"Sleeping"`), `state: "Sleeping" is none of`},
		"a spec of no key":                  {key(`"spec":"AES_256"`), `spec "AES_256" is none of KMS's`},
		"a symmetric key that signs":        {key(`"usage":"SIGN_VERIFY"`), `usage of spec SYMMETRIC_DEFAULT: "SIGN_VERIFY" is none of`},
		"an origin of no key":               {key(`"origin":"HERE"`), `origin: "HERE" is none of`},
		"an id that is no UUID":             {key(`"id":"abc"`), "the id is not of the form"},
		"a multi-Region key without mrk-":   {key(`"multi_region":"PRIMARY","id":"11111111-1111-4111-8111-111111111111"`), "the id is not of the form ^mrk-"},
		"a replica of nothing":              {key(`"multi_region":"REPLICA","id":"mrk-11111111111111111111111111111111"`), "a replica needs a primary key"},
		"a replica without an id":           {key(`"multi_region":"REPLICA"`), "a replica has its primary's id"},
		"an import that nobody waits for":   {key(`"state":"PendingImport"`), "only a key of origin EXTERNAL"},
		"a multi-Region key in a key store": {key(`"multi_region":"PRIMARY","origin":"AWS_CLOUDHSM"`), "key stores have no multi-Region keys"},
		"an alias without alias/":           {key(`"aliases":["ami"]`), `"ami" is not an alias`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			world, err := awssim.Load(strings.NewReader(test.world))
			if err == nil {
				_, err = awssim.New(world)
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}
