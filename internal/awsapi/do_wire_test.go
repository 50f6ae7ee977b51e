// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// answers are what a wire answers with, one after the other; the last one again and again.
func answers(status int, bodies ...string) func(int) (int, string) {
	return func(n int) (int, string) {
		body := bodies[min(n, len(bodies))-1]
		switch {
		case strings.Contains(body, "Internal"):
			return http.StatusInternalServerError, body
		case strings.Contains(body, "Error") || strings.Contains(body, "__type"):
			return status, body
		default:
			return http.StatusOK, body
		}
	}
}

func queryError(code, message string) string {
	return fmt.Sprintf(`<ErrorResponse><Error><Code>%s</Code><Message>%s</Message></Error><RequestId>r1</RequestId></ErrorResponse>`, code, message)
}

func ec2Error(code, message string) string {
	return fmt.Sprintf(`<Response><Errors><Error><Code>%s</Code><Message>%s</Message></Error></Errors><RequestID>r1</RequestID></Response>`, code, message)
}

func inTarget(w *wire, o clients.Options) *Client {
	w.answers["AssumeRole"] = always(assumed)
	role := &clients.AssumeRole{RoleName: "x"}
	return New(clients.New(w.config(), map[sharing.AccountID]clients.TargetCredentials{target: {Role: role}}, o), Options{})
}

var someGrant = plan.CreateGrant{
	Account: target, Region: "eu-central-1", KeyARN: keyARN, GranteeARN: granteeID, Operations: []string{"Decrypt"}, Name: "name",
}

func TestARefusedBatchNamesItsAccounts(t *testing.T) {
	accounts := []sharing.AccountID{"222222222222", "999999999999"}
	recipients := []sharing.Recipient{sharing.Account(accounts[0]), sharing.Account(accounts[1])}
	image := sharing.ImageRef{Region: "eu-central-1", ID: "ami-1"}
	for name, tt := range map[string]struct {
		status        int
		code, message string
		rejected      []sharing.AccountID
	}{
		"one of them":                       {400, "InvalidAMIAttributeItemValue", `Invalid attribute item value "999999999999" for userId item type.`, accounts[1:]},
		"one of them, with another code":    {400, "InvalidUserID.NotFound", "The user id 222222222222 does not exist", accounts[:1]},
		"both":                              {400, "InvalidAMIAttributeItemValue", "222222222222, 999999999999", accounts},
		"nobody":                            {400, "InvalidAMIAttributeItemValue", "Invalid attribute item value.", nil},
		"the caller, who may not do it":     {403, "UnauthorizedOperation", "User: arn:aws:iam::222222222222:user/ci is not authorized", nil},
		"one of them in a fault of its own": {500, "InternalError", "999999999999", nil},
	} {
		t.Run(name, func(t *testing.T) {
			answer := func(int) (int, string) { return tt.status, ec2Error(tt.code, tt.message) }
			w := newWire(t, map[string]func(int) (int, string){"ModifyImageAttribute": answer, "ModifySnapshotAttribute": answer, "DescribeImageAttribute": answer, "DescribeSnapshotAttribute": answer})
			c := New(clients.New(w.config(), nil, clients.Options{MaxRetries: -1}), Options{})
			for _, change := range []plan.Change{
				plan.ModifyLaunchPermission{Image: image, Recipients: recipients},
				plan.ModifyLaunchPermission{Image: image, Operation: plan.Remove, Recipients: recipients},
				plan.ModifySnapshotPermission{Image: image, Snapshot: "snap-1", Accounts: accounts},
				plan.ModifySnapshotPermission{Image: image, Snapshot: "snap-1", Operation: plan.Remove, Accounts: accounts},
			} {
				effect, err := c.Do(t.Context(), change)
				refused, rest := partsOf(err)
				var got []sharing.AccountID
				if refused != nil {
					got = accountsIn(refused)
				}
				if rest := accountsIn(rest); refused != nil && len(got)+len(rest) != len(accounts) {
					t.Errorf("%v are refused, and %v are the rest", got, rest)
				}
				if diff := cmp.Diff(tt.rejected, got); diff != "" || effect.Unknown != (tt.status == 500) {
					t.Errorf("%s: %+v, refused accounts (-want +got):\n%s", change, effect, diff)
				}
				var problem sharing.Problem
				if !errors.As(err, &problem) || problem.Code != tt.code {
					t.Errorf("the problem is %+v", problem)
				}
			}
		})
	}
}

// partsOf returns the parts of a rejection, nil for any other error.
func partsOf(err error) (refused, rest plan.Change) {
	if rejection, ok := errors.AsType[*plan.Rejection](err); ok {
		return rejection.Refused, rejection.Rest
	}
	return nil, nil
}

func accountsIn(change plan.Change) []sharing.AccountID {
	if change == nil {
		return nil
	}
	var accounts []sharing.AccountID
	for _, scope := range change.Scopes() {
		accounts = append(accounts, scope.Account)
	}
	return accounts
}

// TestARefusedOrganization has an account among the recipients that is the organization's management account, whose id its
// ARN holds.
func TestARefusedOrganization(t *testing.T) {
	const organization = "arn:aws:organizations::222222222222:organization/o-1234567890"
	w := newWire(t, map[string]func(int) (int, string){
		"ModifyImageAttribute": answers(400, ec2Error("InvalidAMIAttributeItemValue", `Invalid attribute item value "`+organization+`" for OrganizationArn item type.`)),
	})
	member, refused := sharing.Account("222222222222"), sharing.Recipient{Kind: sharing.ToOrganization, ID: organization}
	longer := sharing.Recipient{Kind: sharing.ToOrganization, ID: organization + "ab"}
	change := plan.ModifyLaunchPermission{Image: sharing.ImageRef{Region: "eu-central-1", ID: "ami-1"}, Recipients: []sharing.Recipient{member, refused, longer}}
	_, err := New(clients.New(w.config(), nil, clients.Options{}), Options{}).Do(t.Context(), change)
	part, rest := partsOf(err)
	wantPart, wantRest := change, change
	wantPart.Recipients, wantRest.Recipients = []sharing.Recipient{refused}, []sharing.Recipient{member, longer}
	if diff := cmp.Diff([]plan.Change{wantPart, wantRest}, []plan.Change{part, rest}); diff != "" {
		t.Errorf("refused and rest (-want +got):\n%s", diff)
	}
}

// TestALostGrantIsFound loses the answer of CreateGrant. Sent again, it is answered with the same grant; where that is
// refused, the list of grants tells.
func TestALostGrantIsFound(t *testing.T) {
	const created = `{"GrantId":"ours","GrantToken":"t"}`
	entry := func(id, name, more string) string {
		return `{"GrantId":"` + id + `","Name":"` + name + `","IssuingAccount":"arn:aws:iam::222222222222:root","Operations":["Decrypt"]` + more + `}`
	}
	listed := `{"Grants":[` + entry("theirs", "other", "") + `,` + entry("bound", "name", `,"Constraints":{"EncryptionContextSubset":{"a":"b"}}`) + `,` + entry("ours", "name", "") + `]}`
	for name, tt := range map[string]struct {
		create []string
		list   string
		id     string
		fails  bool
	}{
		"sent again":                {[]string{kmsError("KMSInternalException"), created}, "", "ours", false},
		"sent again in vain, found": {[]string{kmsError("KMSInternalException"), kmsError("AccessDeniedException")}, listed, "ours", false},
		"not there":                 {[]string{kmsError("KMSInternalException"), kmsError("AccessDeniedException")}, `{"Grants":[]}`, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWire(t, map[string]func(int) (int, string){"CreateGrant": answers(400, tt.create...), "ListGrants": always(tt.list)})
			effect, err := inTarget(w, clients.Options{MaxRetries: -1}).Do(t.Context(), someGrant)
			if (err != nil) != tt.fails || effect.GrantID != tt.id || effect.Unknown || effect.Lost != tt.fails {
				t.Errorf("got %+v, %v", effect, err)
			}
		})
	}
}

func TestARoleThatIsThereIsFound(t *testing.T) {
	taken := queryError("InvalidInput", "Service role name AWSServiceRoleForAutoScaling has been taken in this account, please try a different suffix.")
	created := `<CreateServiceLinkedRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><CreateServiceLinkedRoleResult/></CreateServiceLinkedRoleResponse>`
	role := plan.CreateServiceLinkedRole{Account: target, Grantee: sharing.Grantee{Service: "autoscaling.amazonaws.com"}, ARN: granteeID}
	for name, tt := range map[string]struct {
		answer func(int) (int, string)
		found  bool
		fails  bool
	}{
		"made":                             {answers(400, created), false, false},
		"there already":                    {answers(400, taken), true, false},
		"there after a lost answer":        {answers(400, queryError("Internal", ""), taken), false, false},
		"there after a throttled attempt":  {answers(400, queryError("Throttling", ""), taken), true, false},
		"refused":                          {answers(400, queryError("AccessDenied", "no")), false, true},
		"a suffix that AWS does not allow": {answers(400, queryError("InvalidInput", "Custom suffix is not allowed for x")), false, true},
	} {
		t.Run(name, func(t *testing.T) {
			c := inTarget(newWire(t, map[string]func(int) (int, string){"CreateServiceLinkedRole": tt.answer}), clients.Options{})
			effect, err := c.Do(t.Context(), role)
			if effect.Found != tt.found || (err != nil) != tt.fails {
				t.Errorf("got %+v, %v", effect, err)
			}
		})
	}
}

func TestAGrantThatIsGoneIsRetired(t *testing.T) {
	gone := kmsError("NotFoundException")
	for name, tt := range map[string]struct {
		answer func(int) (int, string)
		found  bool
	}{
		"retired":                  {answers(400, "{}"), false},
		"gone already":             {answers(400, gone), true},
		"gone after a lost answer": {answers(400, kmsError("KMSInternalException"), gone), false},
	} {
		t.Run(name, func(t *testing.T) {
			c := inTarget(newWire(t, map[string]func(int) (int, string){"RetireGrant": tt.answer}), clients.Options{})
			effect, err := c.Do(t.Context(), plan.RetireGrant{
				Issuer: target, Account: target, Region: "eu-central-1", KeyARN: keyARN, GrantID: "g1", GranteeARN: granteeID,
				Operations: []string{"Decrypt"}, Name: "name",
			})
			if err != nil || effect.Found != tt.found {
				t.Fatalf("got %+v, %v", effect, err)
			}
		})
	}
}

func TestWhoTakesAGrantBack(t *testing.T) {
	for name, tt := range map[string]struct {
		issuer      sharing.AccountID
		action, key string
	}{
		"its issuer, when there are credentials for it": {target, "RetireGrant", "ASIATARGET"},
		"the key's own account, when that issued it":    {"111111111111", "RetireGrant", "AKIASOURCE"},
		"the key's administrator, when nobody else can": {"333333333333", "RevokeGrant", "AKIASOURCE"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWire(t, map[string]func(int) (int, string){"RetireGrant": always("{}"), "RevokeGrant": always("{}")})
			c := inTarget(w, clients.Options{})
			if _, err := c.Do(t.Context(), plan.RetireGrant{Issuer: tt.issuer, Account: target, Region: "eu-central-1", KeyARN: keyARN, GrantID: "g1"}); err != nil {
				t.Fatal(err)
			}
			got := w.of(tt.action)
			if len(got) != 1 || got[0].key != tt.key {
				t.Errorf("got %+v", w.requests)
			}
		})
	}
}

func TestImagesThatAreGoneDoNotHideTheOthers(t *testing.T) {
	const found = `<DescribeImagesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><imagesSet><item><imageId>ami-3</imageId></item></imagesSet></DescribeImagesResponse>`
	for name, tt := range map[string]struct {
		refusals []string
		asked    [][]string
	}{
		"AWS names them": {
			[]string{ec2Error("InvalidAMIID.NotFound", "The image ids '[ami-1, ami-2]' do not exist")}, [][]string{{"ami-1", "ami-2", "ami-3"}, {"ami-3"}},
		},
		"AWS names them one after the other": {
			[]string{ec2Error("InvalidAMIID.NotFound", "The image id '[ami-1]' does not exist"), ec2Error("InvalidAMIID.Unavailable", "The image id '[ami-2]' is no longer available")},
			[][]string{{"ami-1", "ami-2", "ami-3"}, {"ami-2", "ami-3"}, {"ami-3"}},
		},
		"AWS names none": {
			[]string{ec2Error("InvalidAMIID.NotFound", "no"), ec2Error("InvalidAMIID.NotFound", "no"), ec2Error("InvalidAMIID.NotFound", "no")},
			[][]string{{"ami-1", "ami-2", "ami-3"}, {"ami-1"}, {"ami-2"}, {"ami-3"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWire(t, map[string]func(int) (int, string){"DescribeImages": answers(400, append(tt.refusals, found)...)})
			images, err := New(clients.New(w.config(), nil, clients.Options{}), Options{}).DescribeImages(t.Context(), clients.Place{}, []string{"ami-1", "ami-2", "ami-3"})
			if err != nil || len(images) != 1 || aws.ToString(images[0].ImageId) != "ami-3" {
				t.Errorf("got %v, %v", images, err)
			}
			var asked [][]string
			for _, r := range w.of("DescribeImages") {
				var ids []string
				for i := 1; r.form.Get(fmt.Sprintf("ImageId.%d", i)) != ""; i++ {
					ids = append(ids, r.form.Get(fmt.Sprintf("ImageId.%d", i)))
				}
				asked = append(asked, ids)
			}
			if diff := cmp.Diff(tt.asked, asked); diff != "" {
				t.Errorf("asked for (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnAWSManagedAliasIsRefusedWithoutACall(t *testing.T) {
	w := newWire(t, nil)
	keys, problems := New(clients.New(w.config(), nil, clients.Options{}), Options{}).ResolveKeys(t.Context(), KeyQuery{Alias: "alias/aws/ebs", Regions: []sharing.Region{"eu-central-1", "us-east-1"}})
	if len(keys) != 0 || len(problems) != 2 || len(w.requests) != 0 {
		t.Errorf("%v, %v after %d calls", keys, problems, len(w.requests))
	}
}
