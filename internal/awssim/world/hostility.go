// SPDX-License-Identifier: MPL-2.0

package world

// Hostility are the ways in which AWS is hard to work with. Everything is counted in calls, nothing is random, and the
// zero value is friendly.
type Hostility struct {
	// NewRoleUnknownToKMS is how many calls naming a new role KMS refuses before it knows it.
	NewRoleUnknownToKMS int `json:"new_role_unknown_to_kms,omitempty"`
	// NewGrantUnlisted is how many ListGrants don't show a new grant.
	NewGrantUnlisted int `json:"new_grant_unlisted,omitempty"`
	// NewGrantUnusable is how many uses a new grant does not allow yet.
	NewGrantUnusable int `json:"new_grant_unusable,omitempty"`
	// NewImagePending is for how many looks of its owner an AMI is pending that was copied, created or registered.
	NewImagePending int `json:"new_image_pending,omitempty"`
	// EndedGrantListed is how many ListGrants still show a grant that was retired or revoked.
	EndedGrantListed int `json:"ended_grant_listed,omitempty"`
	// NewRoleListedByID is how many ListGrants show a grant for a new role with the role's unique id in place of its ARN.
	NewRoleListedByID int `json:"new_role_listed_by_id,omitempty"`
	// NewImageUnseen is how many DescribeImages don't find a new AMI.
	NewImageUnseen int `json:"new_image_unseen,omitempty"`
	// NewSnapshotUnseen is how many DescribeSnapshots don't find a new snapshot.
	NewSnapshotUnseen int `json:"new_snapshot_unseen,omitempty"`
	// SeenAtOnceBy are parts of the User-Agent of clients that find new AMIs and snapshots at once, and don't count as reads of
	// them: the builders of Packer's amazon plugin give up on what they have made when EC2 does not find it yet.
	SeenAtOnceBy []string `json:"seen_at_once_by,omitempty"`
	// PermissionUnseen is how many reads of an AMI or a snapshot see the launch or create-volume permission that was there before
	// a change: its owner's of the attribute, and others' that list it or name it.
	PermissionUnseen int `json:"permission_unseen,omitempty"`
	// SharedTagsUnseen is how many looks of others than its owner see the shared tags that an AMI had before a change of them.
	SharedTagsUnseen int `json:"shared_tags_unseen,omitempty"`
	// TrustPolicyUnseen is how many AssumeRole are decided by the trust policy that a role had before a change, a new role by none.
	TrustPolicyUnseen int `json:"trust_policy_unseen,omitempty"`
	// ParameterValidation is how many reads don't show a parameter of the data type aws:ec2:image that was written.
	ParameterValidation int `json:"parameter_validation,omitempty"`
	// UsageReportPending is for how many looks an image usage report is pending.
	UsageReportPending int `json:"usage_report_pending,omitempty"`
	// UsageReportBlind makes reports leave out what was launched, or named in a launch template, since the server started.
	UsageReportBlind bool `json:"usage_report_blind,omitempty"`
	// NoCapacity are patterns of instance types that AWS has no room for, as in "t3.*".
	NoCapacity []string `json:"no_capacity,omitempty"`
	// PageSize is the most that any listing returns at once.
	PageSize int `json:"page_size,omitempty"`
	// EmptyPages makes the lists of Organizations begin with a page that has nothing in it but the token of the next one.
	EmptyPages bool `json:"empty_pages,omitempty"`
	// OrganizationsWithoutPaths makes Organizations tell the older Status of an account, and neither its State nor its Paths.
	OrganizationsWithoutPaths bool `json:"organizations_without_paths,omitempty"`
	// ThrottleEveryNthWrite throttles one write call in so many.
	ThrottleEveryNthWrite int `json:"throttle_every_nth_write,omitempty"`
	// PackedPolicySpace is how much session policies and tags take in AWS's packed form, as an estimate in characters of policies:
	// 1,400 unless given.
	PackedPolicySpace int `json:"packed_policy_space,omitempty"`
	// Throttling fills the calls of an account in a Region into buckets, one for each action or group of actions, as AWS does. Nil
	// throttles nothing.
	Throttling *Throttling `json:"throttling,omitempty"`
	// SessionCalls is how many calls the credentials of an assumed role are good for.
	SessionCalls int `json:"session_calls,omitempty"`
}

// Throttling says how large the buckets are, as a share of those that AWS publishes; where it publishes none, of a guess. An
// account whose calls others make too has less than a share of 1.
type Throttling struct {
	// Burst is the share of the calls that a full bucket has; every bucket has one at least.
	Burst float64 `json:"burst"`
	// Rate is the share of the calls that each second brings.
	Rate float64 `json:"rate"`
	// Actions have buckets that are given in calls: "sts:AssumeRole".
	Actions map[string]Bucket `json:"actions,omitempty"`
}

// Bucket is how many calls of an action are taken at once, and then each second.
type Bucket struct {
	// Burst is how many calls a full bucket has.
	Burst float64 `json:"burst"`
	// PerSecond is how many calls each second brings.
	PerSecond float64 `json:"per_second"`
}

// Fault makes calls fail, or take long, on request. It matches the calls that fit all of Action, Account and Region;
// an empty field fits every call.
type Fault struct {
	// Action with its service, as in "kms:CreateGrant".
	Action string `json:"action,omitempty"`
	// Account of the caller.
	Account string `json:"account,omitempty"`
	// Region of the call.
	Region string `json:"region,omitempty"`
	// Nth matching call it happens to, counted from 1; 0 means to every one.
	Nth int `json:"nth,omitempty"`
	// From is the matching call from which on it happens to all, counted from 1; 0 sets no beginning.
	From int `json:"from,omitempty"`
	// Code and Status of the error; Status is 400 unless given. Without a Code there is no error.
	Code    string `json:"code,omitempty"`
	Message string `json:"message,omitempty"`
	Status  int    `json:"status,omitempty"`
	// Drop closes the connection without an answer.
	Drop bool `json:"drop,omitempty"`
	// Body is answered as it is instead of AWS's document, as a proxy would, with Status, 200 unless given, and ContentType,
	// "text/html" unless given.
	Body        string `json:"body,omitempty"`
	ContentType string `json:"content_type,omitempty"`
	// Cut lets the call have its effect, and closes the connection in the middle of the answer.
	Cut bool `json:"cut,omitempty"`
	// AfterEffect lets the call have its effect before it fails, its connection is dropped, or somebody else answers.
	AfterEffect bool `json:"after_effect,omitempty"`
	// DelayMillis is how much longer the answer takes.
	DelayMillis int `json:"delay_millis,omitempty"`
}
