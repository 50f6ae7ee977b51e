// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/world"
)

// bucket is a token bucket: each call takes a token, and time brings them back.
type bucket struct {
	tokens float64
	filled time.Time
}

// has fills a bucket up to now and tells whether it has a token.
func (b *bucket) has(r rate, now time.Time) bool {
	b.tokens = min(b.tokens+now.Sub(b.filled).Seconds()*r.perSecond, r.burst)
	b.filled = now
	return b.tokens >= 1
}

// bucketOf returns a bucket, a full one at first.
func (c *Cloud) bucketOf(name string, r rate) *bucket {
	if c.buckets[name] == nil {
		c.buckets[name] = &bucket{r.burst, c.Now()}
	}
	return c.buckets[name]
}

// overRate takes a token for a call, and tells whether there was none: in the bucket of the caller's account in the
// Region, or in that of its organization.
func (c *Call) overRate(share world.Throttling) bool {
	type take struct {
		*bucket
		rate
	}
	scaled := func(r rate) rate {
		r.burst, r.perSecond = max(r.burst*share.Burst, 1), r.perSecond*share.Rate
		return r
	}
	account, region, own := "", c.Region, scaled(c.rateOf())
	if given, ok := share.Actions[c.API.Permission(c.Action)]; ok {
		own = rate{given.Burst, given.PerSecond, c.API.Permission(c.Action)}
	}
	if c.Account != nil {
		account = c.Account.ID
	}
	takes := []take{{c.cloud.bucketOf(account+" "+region+" "+own.group, own), own}}
	if all, ok := ratesOfOrganizations[c.API.Permission(c.Action)]; ok {
		if org, _ := c.cloud.OrganizationOf(account); org != nil {
			takes = append(takes, take{c.cloud.bucketOf(org.ID+" "+own.group, scaled(all)), scaled(all)})
		}
	}
	for _, t := range takes {
		if !t.has(t.rate, c.cloud.Now()) {
			return true
		}
	}
	for _, t := range takes {
		t.tokens--
	}
	return false
}
