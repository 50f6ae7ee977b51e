// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/parallel"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// KeyQuery says which key is looked for: exactly one of KeyID, Alias and Tags is set.
type KeyQuery struct {
	KeyID   string            // a key's id or ARN
	Alias   string            // "alias/…" or an alias's ARN
	Tags    map[string]string // all of them, as they are on the key
	Regions []sharing.Region
}

// ResolvedKey is a key as it was found in a Region: everything that DescribeKey says and that decides whether EBS and
// other accounts can use it. https://docs.aws.amazon.com/kms/latest/APIReference/API_KeyMetadata.html
type ResolvedKey struct {
	Region  sharing.Region // in which it was looked for
	ARN     string
	ID      string
	Account sharing.AccountID

	Manager        string    // "CUSTOMER" or "AWS"
	State          string    // "Enabled", "Disabled", "PendingDeletion", "PendingImport", "Unavailable", …
	Spec           string    // "SYMMETRIC_DEFAULT", "RSA_2048", "HMAC_256", …
	Usage          string    // "ENCRYPT_DECRYPT", "SIGN_VERIFY", "GENERATE_VERIFY_MAC", …
	Origin         string    // "AWS_KMS", "EXTERNAL", "AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"
	CustomKeyStore string    // its id, "" for none
	Deletion       time.Time // when the key is going to be deleted; zero unless that is pending

	MultiRegion bool

	// Policy is the key policy's JSON, "" when it could not be read: only the key's own account can.
	Policy string
}

// ResolveKeys looks for a key in every Region of the query, all at once, and creates nothing by looking. Keys are in the
// order of the query's Regions; for tags there can be several in one Region, sorted by ARN. A Region in which there is
// none has a problem instead. Whether a key is fit is not judged here.
func (c *Client) ResolveKeys(ctx context.Context, q KeyQuery) ([]ResolvedKey, []sharing.Problem) {
	found := make([][]ResolvedKey, len(q.Regions))
	var problems parallel.List[sharing.Problem]
	parallel.Each(q.Regions, func(i int, region sharing.Region) {
		keys, missing := c.resolveIn(ctx, region, q)
		found[i] = keys
		problems.Add(missing...)
	})
	return slices.Concat(found...), sortProblems(problems.Items)
}

func (c *Client) resolveIn(ctx context.Context, region sharing.Region, q KeyQuery) ([]ResolvedKey, []sharing.Problem) {
	if len(q.Tags) > 0 {
		return c.keysByTags(ctx, region, q.Tags)
	}
	id, problem := keyIDIn(region, cmp.Or(q.KeyID, q.Alias))
	if problem != nil {
		return nil, []sharing.Problem{*problem}
	}
	key, err := c.resolve(ctx, region, id)
	if err != nil {
		return nil, []sharing.Problem{diagnose.Error(err, diagnose.Act{
			Scope: sharing.Scope{Region: region}, Doing: "looking for key " + id, Action: "kms:DescribeKey", Resource: resourceOf(id),
		})}
	}
	return []ResolvedKey{key}, nil
}

// resourceOf returns what a policy statement can name: a key's ARN, and no alias.
func resourceOf(id string) string {
	if arn, err := sharing.ParseARN(id); err == nil && !isAlias(arn.Resource) {
		return id
	}
	return "*"
}

// resolve describes a key by id, alias or the ARN of either, and reads its policy where that is possible.
func (c *Client) resolve(ctx context.Context, region sharing.Region, id string) (ResolvedKey, error) {
	client := c.KMS(clients.Place{Region: region})
	out, err := client.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &id})
	if err != nil {
		return ResolvedKey{}, err
	}
	key := resolved(region, out.KeyMetadata)
	if policy, err := client.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: &key.ARN}); err == nil {
		key.Policy = aws.ToString(policy.Policy)
	}
	return key, nil
}

func resolved(region sharing.Region, m *types.KeyMetadata) ResolvedKey {
	return ResolvedKey{
		Region: region, ARN: aws.ToString(m.Arn), ID: aws.ToString(m.KeyId), Account: sharing.AccountID(aws.ToString(m.AWSAccountId)),
		Manager: string(m.KeyManager), State: string(m.KeyState), Spec: string(m.KeySpec), Usage: string(m.KeyUsage),
		Origin: string(m.Origin), CustomKeyStore: aws.ToString(m.CustomKeyStoreId), Deletion: aws.ToTime(m.DeletionDate),
		MultiRegion: aws.ToBool(m.MultiRegion),
	}
}
