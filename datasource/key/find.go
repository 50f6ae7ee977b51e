// SPDX-License-Identifier: MPL-2.0

package key

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/amishare/packer-plugin-ami-share/internal/access"
	"github.com/amishare/packer-plugin-ami-share/internal/awsapi"
	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
	"github.com/amishare/packer-plugin-ami-share/version"
)

// search is one evaluation of the data source.
type search struct {
	config  *Config
	home    sharing.Region // of the source account's access
	query   awsapi.KeyQuery
	targets access.Targets
	source  caller

	keys     []awsapi.ResolvedKey
	grantees []awsapi.ProvenGrantee
	lacks    []lack
	problems []sharing.Problem
	warnings []string
}

// find resolves the keys, judges them, proves the grants and hands out the policies. Its error holds everything that is in
// the way.
func (c *Config) find(ctx context.Context) (DatasourceOutput, error) {
	targets, errs := c.check(true)
	if len(errs) > 0 {
		return DatasourceOutput{}, access.Joined(errs)
	}
	s := &search{config: c, targets: targets}
	client, err := s.connect(ctx)
	if err != nil {
		return DatasourceOutput{}, err
	}
	s.prove(ctx, client)
	s.proveUse(ctx, client)
	s.bootstrap()
	if len(s.problems) > 0 {
		return DatasourceOutput{}, s.refusal()
	}
	return s.output(), nil
}

// connect gets the source account's credentials, and says whose they are while the keys are being found.
func (s *search) connect(ctx context.Context) (*awsapi.Client, error) {
	c := s.config
	options := access.Options{PluginVersion: version.PluginVersion.FormattedVersion()}
	if len(c.Regions) > 0 {
		options.Region = sharing.Region(c.Regions[0])
	}
	unchecked := c.Config
	unchecked.SkipCredsValidation = true // that is done below, beside the search
	source, err := unchecked.AWSConfig(ctx, options)
	if err != nil {
		return nil, err
	}
	s.home = sharing.Region(source.Region)
	s.query = awsapi.KeyQuery{KeyID: c.KeyID, Alias: c.Alias, Tags: c.Tags, Regions: c.regions(s.home)}
	calls := clients.New(source, c.Credentials(ctx, source, s.targets.Sources), clients.Options{
		MaxConcurrency: c.MaxConcurrency, MaxRetries: c.Retries(), Log: access.CallLog(),
	})
	client := awsapi.New(calls, awsapi.Options{TargetTimeout: c.timeout() / 2, LookAgain: awsapi.DefaultLookAgain})
	var who sharing.ARN
	var identity sync.WaitGroup
	identity.Go(func() { who, err = clients.Caller(ctx, source) })
	s.resolve(ctx, client)
	identity.Wait()
	if err != nil {
		return nil, err
	}
	s.source = callerOf(who, c.AssumeRole.RoleARN)
	return client, access.Joined(access.CheckPartition(s.source.partition, &c.Config, c.Targets))
}

func (c *Config) regions(home sharing.Region) []sharing.Region {
	var regions []sharing.Region
	for _, region := range c.Regions {
		regions = append(regions, sharing.Region(region))
	}
	if len(regions) == 0 && home != "" {
		regions = append(regions, home)
	}
	return regions
}

// resolve finds the keys and judges whether they are fit.
func (s *search) resolve(ctx context.Context, client *awsapi.Client) {
	if len(s.query.Regions) == 0 {
		s.problems = append(s.problems, sharing.Problem{
			Doing: "finding the key", Cause: "no Region is named, neither in regions nor in region, the environment or the profile",
			Remedy: `Set regions, as in regions = ["eu-central-1"].`,
		})
		return
	}
	found, missing := client.ResolveKeys(ctx, s.query)
	judged := judge(found, s.query)
	s.keys = judged.Keys
	s.problems = slices.Concat(s.problems, missing, judged.Problems)
	s.warnings = append(s.warnings, judged.Warnings...)
	beyond := sharing.RegionsBeyond(s.targets.Accounts, s.query.Regions)
	for _, region := range slices.Sorted(maps.Keys(beyond)) {
		s.warnings = append(s.warnings, fmt.Sprintf("nothing is proved in %s, which the regions of %s name: the regions of this data source leave it out", region, sharing.SomeAccounts(beyond[region])))
	}
}

// prove has KMS prove the grants on the keys that are fit, so that everything is told at once. Unless it is to be left
// out, or there is nothing to prove.
func (s *search) prove(ctx context.Context, client *awsapi.Client) {
	if s.config.CheckGrants.False() || len(s.keys) == 0 || !slices.ContainsFunc(s.targets.Accounts, receives) {
		return
	}
	proof := client.ProveGrants(ctx, s.keys, s.targets.Accounts, access.GrantOperations(s.config.GrantOperations))
	s.grantees = proof.Grantees
	s.warnings = append(s.warnings, proof.Warnings...)
	s.problems = append(s.problems, proof.Problems...)
	s.explain(proof.Refused)
	slices.SortStableFunc(s.problems, func(a, b sharing.Problem) int { return sharing.CompareScopes(a.Scope, b.Scope) })
}

// proveUse has KMS prove that whoever builds can use the keys that are fit.
func (s *search) proveUse(ctx context.Context, client *awsapi.Client) {
	if !s.config.ProveUse || s.config.CheckGrants.False() {
		return
	}
	problems, warnings := client.ProveUse(ctx, s.keys)
	s.problems = append(problems, s.problems...)
	s.warnings = append(s.warnings, warnings...)
}

func receives(t sharing.Target) bool { return t.Credentials && (len(t.Grantees) > 0 || t.ProveUse) }

// main is the key of the home Region, or else of the first one.
func (s *search) main() awsapi.ResolvedKey {
	for _, key := range s.keys {
		if key.Region == s.home {
			return key
		}
	}
	return s.keys[0]
}

// principal is who acts in a target: the role that is assumed there, "" when it isn't known.
func (s *search) principal(account sharing.AccountID) string {
	return s.targets.Sources[account].Role.ARN(s.source.partition, account)
}
