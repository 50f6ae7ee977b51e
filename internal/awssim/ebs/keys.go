// SPDX-License-Identifier: MPL-2.0

package ebs

import (
	"net/http"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/kms"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

// Need is one use that EBS makes of a key for somebody.
type Need struct {
	Key *kms.Key
	Op  string
	Of  string // the volume or snapshot whose data the use is about: the encryption context's aws:ebs:id
}

// Needs are the uses of keys that turn data under the source key into data under the destination key; nil is data
// that is not encrypted. https://docs.aws.amazon.com/ebs/latest/userguide/how-ebs-encryption-works.html
func Needs(source, destination *kms.Key, from, to string) []Need {
	var needs []Need
	add := func(key *kms.Key, of string, ops ...string) {
		for _, op := range ops {
			needs = append(needs, Need{key, op, of})
		}
	}
	if source != nil {
		add(source, from, "DescribeKey", "Decrypt")
	}
	switch {
	case destination == nil:
	case source == destination:
		add(source, to, "GenerateDataKeyWithoutPlaintext", "CreateGrant")
	case source == nil:
		add(destination, to, "DescribeKey", "GenerateDataKeyWithoutPlaintext", "CreateGrant")
	default:
		add(source, from, "ReEncryptFrom", "CreateGrant")
		add(destination, to, "DescribeKey", "ReEncryptTo", "GenerateDataKeyWithoutPlaintext", "CreateGrant")
	}
	return needs
}

// Failure is why EBS could not use a key.
type Failure struct {
	InvalidState bool // the key is not enabled, as opposed to not allowed
	Message      string
}

// Use asks for every use and journals each answer as a call that EC2 makes in the principal's name. It returns the
// first refusal.
func (s *Service) Use(who *cloud.Principal, region string, needs []Need) *Failure {
	var first *Failure
	for _, need := range needs {
		failure := s.useKey(who, region, need)
		if failure != nil && first == nil {
			first = failure
		}
	}
	return first
}

func (s *Service) useKey(who *cloud.Principal, region string, need Need) *Failure {
	verdict, grant := s.keys.Allow(need.Key, kms.Use{
		Principal: who, Op: need.Op, ViaService: "ec2." + region + ".amazonaws.com", ForAWSResource: true,
		EncryptionContext: map[string]string{"aws:ebs:id": need.Of},
	})
	if lacks := grant.LacksForLaunch(who); verdict.Allowed && len(lacks) > 0 {
		verdict = cloud.Decision{Reason: "the grant for the service-linked role lacks " + strings.Join(lacks, ", ")}
	}
	unusable := need.Key.UsableForEBS()
	s.journalUse(who, need, verdict, unusable)
	switch {
	case !verdict.Allowed:
		return &Failure{Message: verdict.Reason}
	case unusable != nil:
		return &Failure{InvalidState: need.Key.State != kms.Enabled, Message: unusable.Message}
	default:
		return nil
	}
}

// journalUse writes down a use that EC2 makes of a key in somebody's name.
func (s *Service) journalUse(who *cloud.Principal, need Need, verdict cloud.Decision, unusable *wire.Error) {
	entry := cloud.Entry{
		Time: s.Now(), Caller: who.ARN, Account: who.Account.ID, Service: "ec2", Action: "kms:" + need.Op, Region: need.Key.Region,
		Resource: need.Key.ARN, Decision: "allow", Reason: verdict.Reason, Status: http.StatusOK,
	}
	switch {
	case !verdict.Allowed:
		entry.Decision, entry.Status, entry.Code = "deny", http.StatusBadRequest, "AccessDeniedException"
	case unusable != nil:
		entry.Decision, entry.Status, entry.Code, entry.Reason = "error", unusable.Status, unusable.Code, unusable.Message
	}
	s.Note(entry)
}
