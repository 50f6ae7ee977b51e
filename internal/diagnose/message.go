// SPDX-License-Identifier: MPL-2.0

package diagnose

import (
	"regexp"
	"strings"
)

// blame is what AWS's message says about a refusal: who was refused what, and which policy is in the way.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
type blame struct {
	user, action, resource string

	policy   string // "identity-based policy", "service control policy", …; "" when AWS doesn't tell
	arn      string // of the policy, "" when AWS doesn't tell
	explicit bool   // the policy denies, rather than not allow
}

var (
	refusedUser     = regexp.MustCompile(`User: (\S+) is not authorized`)
	refusedAction   = regexp.MustCompile(`not authorized to perform: ([\w-]+:\w+)`)
	refusedResource = regexp.MustCompile(`on resource: (arn:[^\s"]+)`)
	denyingPolicy   = regexp.MustCompile(`explicit deny in (?:an?|the) ([\w -]+ (?:policy|boundary))(?::? \(?(arn:[^\s)]+))?`)
	silentPolicy    = regexp.MustCompile(`because no ([\w -]+ (?:policy|boundary)) allows`)
)

// blamed reads AWS's message.
func blamed(message string) blame {
	b := blame{user: first(refusedUser, message), action: first(refusedAction, message), resource: first(refusedResource, message)}
	if match := denyingPolicy.FindStringSubmatch(message); match != nil {
		b.policy, b.arn, b.explicit = match[1], strings.TrimSuffix(match[2], "."), true
		return b
	}
	b.policy = first(silentPolicy, message)
	b.explicit = b.policy == "" && strings.Contains(message, "explicit deny")
	return b
}

// first returns what a pattern's first group matches, "" when it doesn't.
func first(pattern *regexp.Regexp, s string) string {
	if match := pattern.FindStringSubmatch(s); match != nil {
		return match[1]
	}
	return ""
}

// withoutSecrets cuts off the request that AWS repeats to somebody whose signature is wrong: the session token is in it.
func withoutSecrets(message string) string {
	before, _, _ := strings.Cut(message, "The Canonical String")
	return strings.TrimSpace(before)
}

var encodedReasons = regexp.MustCompile(`\s*Encoded authorization failure message: (\S+)`)

// decodable splits a refusal of EC2 into what people can read, and AWS's reasons, which only AWS can.
func decodable(message string) (readable, encoded string) {
	return encodedReasons.ReplaceAllString(message, ""), first(encodedReasons, message)
}

// BlamesAnother tells whether AWS puts a refusal down to a policy that is not the resource's.
func BlamesAnother(err error) bool {
	policy := blamed(Message(err)).policy
	return policy != "" && policy != "resource-based policy"
}
