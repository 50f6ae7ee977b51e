// SPDX-License-Identifier: MPL-2.0

package sharing

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Grantee is a role of a target account that is to use the keys: a service-linked role, or any other.
type Grantee struct {
	Service string    // service principal of a service-linked role, else ""
	Suffix  string    // custom suffix of a service-linked role, else ""
	Path    string    // begins and ends with "/"
	Name    string    // role name without path, as iam:GetRole takes it
	Account AccountID // set when the user named the role by ARN, else ""
}

// serviceLinkedRole is what is known of a service's role.
type serviceLinkedRole struct {
	option   string // the short name in service_linked_roles
	service  string
	role     string
	suffixed bool // whether the service takes a custom suffix
}

// serviceLinkedRoles are the roles of services that launch instances.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/autoscaling-service-linked-role.html
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-fleet-prerequisites.html
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-requests.html
func serviceLinkedRoles() []serviceLinkedRole {
	return []serviceLinkedRole{
		{"autoscaling", "autoscaling.amazonaws.com", "AWSServiceRoleForAutoScaling", true},
		{"spot", "spot.amazonaws.com", "AWSServiceRoleForEC2Spot", false},
		{"spotfleet", "spotfleet.amazonaws.com", "AWSServiceRoleForEC2SpotFleet", false},
		{"ec2fleet", "ec2fleet.amazonaws.com", "AWSServiceRoleForEC2Fleet", false},
		{"", "eks.amazonaws.com", "AWSServiceRoleForAmazonEKS", false},
		{"", "eks-nodegroup.amazonaws.com", "AWSServiceRoleForAmazonEKSNodegroup", false},
		{"", "batch.amazonaws.com", "AWSServiceRoleForBatch", false},
		{"", "imagebuilder.amazonaws.com", "AWSServiceRoleForImageBuilder", false},
		{"", "elasticbeanstalk.amazonaws.com", "AWSServiceRoleForElasticBeanstalk", false},
		{"", "ecs.amazonaws.com", "AWSServiceRoleForECS", false},
		{"", "emr-containers.amazonaws.com", "AWSServiceRoleForAmazonEMRContainers", false},
		{"", "elasticmapreduce.amazonaws.com", "AWSServiceRoleForEMRCleanup", false},
		{"", "pcs.amazonaws.com", "AWSServiceRoleForPCS", false},
	}
}

// ParseServiceLinkedRole reads an element of service_linked_roles: "autoscaling", "autoscaling/<suffix>", "spot",
// "spotfleet", "ec2fleet", or the service principal of one of the services above, with or without suffix.
func ParseServiceLinkedRole(s string) (Grantee, error) {
	name, suffix, hasSuffix := strings.Cut(s, "/")
	known := serviceLinkedRoles()
	i := slices.IndexFunc(known, func(r serviceLinkedRole) bool { return name != "" && (r.option == name || r.service == name) })
	switch {
	case i < 0:
		return Grantee{}, fmt.Errorf("%q is no service-linked role known here: use autoscaling, autoscaling/<suffix>, spot, spotfleet, ec2fleet "+
			"or a service principal such as eks.amazonaws.com, or name the role itself in grantee_roles", s)
	case hasSuffix && !known[i].suffixed:
		return Grantee{}, fmt.Errorf("%q has a suffix, and of the services that launch instances AWS allows a custom suffix only for autoscaling: write %q", s, name)
	case hasSuffix && !validSuffix(known[i].role, suffix):
		return Grantee{}, fmt.Errorf("%q: a suffix has letters, digits and +=,.@-_ only, and the role's whole name at most 64 characters", s)
	}
	role := known[i].role
	if hasSuffix {
		role += "_" + suffix
	}
	return Grantee{Service: known[i].service, Suffix: suffix, Path: "/aws-service-role/" + known[i].service + "/", Name: role}, nil
}

// longestRoleName is how many characters a role's name has at most.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
const longestRoleName = 64

var suffixPattern = regexp.MustCompile(`^[\w+=,.@-]+$`)

func validSuffix(role, suffix string) bool {
	return suffixPattern.MatchString(suffix) && len(role)+1+len(suffix) <= longestRoleName
}

var rolePattern = regexp.MustCompile(`^(/?(?:[!-~]+/)*)([\w+=,.@-]+)$`)

// ParseGranteeRole reads an element of grantee_roles: a role's name, with or without its path, or its ARN.
func ParseGranteeRole(s string) (Grantee, error) {
	name, account := s, AccountID("")
	if strings.HasPrefix(s, "arn:") {
		arn, err := ParseARN(s)
		if err != nil {
			return Grantee{}, err
		}
		role, ok := strings.CutPrefix(arn.Resource, "role/")
		if arn.Service != "iam" || !ok {
			return Grantee{}, fmt.Errorf("%q is not the ARN of a role (arn:aws:iam::<account>:role/<name>)", s)
		}
		name, account = role, arn.Account
	}
	match := rolePattern.FindStringSubmatch(name)
	if match == nil || len(match[2]) > longestRoleName {
		return Grantee{}, fmt.Errorf("%q is not the name of a role: up to 64 letters, digits and +=,.@-_, a path before it if it has one", s)
	}
	path := "/" + strings.TrimPrefix(match[1], "/")
	return Grantee{Path: path, Name: match[2], Account: account}, nil
}

// ARN returns the role's ARN in an account. Where the user gave a name without a path, iam:GetRole tells the true one.
func (g Grantee) ARN(partition string, account AccountID) string {
	return ARN{Partition: partition, Service: "iam", Account: account, Resource: "role" + g.Path + g.Name}.String()
}

// CreateCommand is the AWS CLI command that creates a service-linked role.
func (g Grantee) CreateCommand() string {
	command := "aws iam create-service-linked-role --aws-service-name " + g.Service
	if g.Suffix != "" {
		command += " --custom-suffix " + g.Suffix
	}
	return command
}

// AutoScalingService is the service principal of Auto Scaling.
const AutoScalingService = "autoscaling.amazonaws.com"

// Elsewhere tells whether a role of the grantee's name has another path than the grantee was named with. A name alone stands
// for any path.
func (g Grantee) Elsewhere(role, partition string, account AccountID) bool {
	byName := g.Path == "/" && g.Account == ""
	return g.Service == "" && !byName && role != g.ARN(partition, account)
}

// String returns the grantee as the user would write it.
func (g Grantee) String() string {
	switch {
	case g.Service == "":
		return strings.TrimPrefix(g.Path+g.Name, "/")
	case g.Suffix == "":
		return g.Service
	default:
		return g.Service + "/" + g.Suffix
	}
}

// GrantNamePrefix begins the name of every grant that this plugin makes, and of no other.
const GrantNamePrefix = "packer-plugin-ami-share:"

// GrantName returns the name of the plugin's grant for a role in a target: the same for every run, and of no other role or
// target, since it ends with a digest of the role's ARN. KMS answers a repeated CreateGrant of that name and content with
// the grant that is there. A name has at most 256 letters, digits and :/_-.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html#KMS-CreateGrant-request-Name
func GrantName(target AccountID, roleARN string) string {
	digest := sha256.Sum256([]byte(roleARN))
	name := strings.Map(legalInGrantName, roleARN[strings.LastIndexByte(roleARN, '/')+1:])
	return GrantNamePrefix + string(target) + ":" + name + ":" + hex.EncodeToString(digest[:16])
}

// legalInGrantName replaces what KMS takes in no grant's name.
func legalInGrantName(r rune) rune {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '-':
		return r
	default:
		return '_'
	}
}
