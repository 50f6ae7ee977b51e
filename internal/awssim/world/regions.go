// SPDX-License-Identifier: MPL-2.0

package world

// Region is what one account has in one Region when the server starts. What is left out is as in a new account: a default
// network, no AMIs, no default key of its own.
type Region struct {
	// Snapshots that exist at the start, before the AMIs that name them.
	Snapshots []Snapshot `json:"snapshots,omitempty"`
	// Images are the AMIs that exist at the start.
	Images []Image `json:"images,omitempty"`
	// LaunchTemplates that groups and RunInstances can name.
	LaunchTemplates []LaunchTemplate `json:"launch_templates,omitempty"`
	// Parameters of Systems Manager.
	Parameters []Parameter `json:"parameters,omitempty"`
	// AutoScalingGroups, which launch as soon as somebody looks at them.
	AutoScalingGroups []AutoScalingGroup `json:"auto_scaling_groups,omitempty"`
	// ImageUsageReports that were made earlier, of AMIs of the account.
	ImageUsageReports []ImageUsageReport `json:"image_usage_reports,omitempty"`
	// DefaultEBSKey is the id, ARN, alias or alias ARN of the key under which volumes and copies end up when nothing
	// else is asked for. Empty means the AWS managed key alias/aws/ebs.
	DefaultEBSKey string `json:"default_ebs_key,omitempty"`
	// EBSEncryptionByDefault encrypts every new volume and snapshot copy.
	EBSEncryptionByDefault bool `json:"ebs_encryption_by_default,omitempty"`
	// AllowedImages is the account's Allowed AMIs setting. Absent means disabled.
	AllowedImages *AllowedImages `json:"allowed_images,omitempty"`
	// ImageBlockPublicAccess is "unblocked" (the default here) or "block-new-sharing".
	ImageBlockPublicAccess string `json:"image_block_public_access,omitempty"`
	// SnapshotBlockPublicAccess is "unblocked" (the default), "block-new-sharing" or "block-all-sharing".
	SnapshotBlockPublicAccess string `json:"snapshot_block_public_access,omitempty"`
	// SharingQuota is how many accounts, organizations and OUs one AMI can be shared with; 0 means AWS's 1,000.
	SharingQuota int `json:"sharing_quota,omitempty"`
	// ClosedAccounts are well-formed account ids that EC2 refuses in a permission, because nobody has them any more.
	ClosedAccounts []string `json:"closed_accounts,omitempty"`
}

// Snapshot is a completed snapshot.
type Snapshot struct {
	// ID is "snap-" and 8 or 17 hexadecimal digits, or any lower-case letters and digits to be readable.
	ID string `json:"id"`
	// KMSKey is the id, ARN, alias or alias ARN of the key it is encrypted under, also of another account. Empty means
	// unencrypted, unless Encrypted is set.
	KMSKey string `json:"kms_key,omitempty"`
	// Encrypted without a KMSKey means encrypted under the account's default key for EBS.
	Encrypted bool `json:"encrypted,omitempty"`
	// Size in GiB; 0 means 8.
	Size int `json:"size,omitempty"`
	// Description of the snapshot.
	Description string `json:"description,omitempty"`
	// State is "completed" (the default), "pending", "error", "recoverable" or "recovering".
	State string `json:"state,omitempty"`
	// CreateVolumePermissions are account ids, or "all".
	CreateVolumePermissions []string `json:"create_volume_permissions,omitempty"`
	// Tags as the owner sees them.
	Tags map[string]string `json:"tags,omitempty"`
}

// Image is an AMI.
type Image struct {
	// ID is "ami-" and letters or digits.
	ID string `json:"id"`
	// Name is unique in the account and Region.
	Name string `json:"name"`
	// Description of the AMI.
	Description string `json:"description,omitempty"`
	// State is "available" (the default), "pending", "failed", "disabled" or "deregistered".
	State string `json:"state,omitempty"`
	// Architecture is "x86_64" unless given.
	Architecture string `json:"architecture,omitempty"`
	// BlockDevices; none means a root device on an unencrypted snapshot that is made for it.
	BlockDevices []BlockDevice `json:"block_devices,omitempty"`
	// LaunchPermissions are account ids, "all", or ARNs of organizations and OUs.
	LaunchPermissions []string `json:"launch_permissions,omitempty"`
	// DeprecateAt is the time of deprecation in RFC 3339.
	DeprecateAt string `json:"deprecate_at,omitempty"`
	// DeregistrationProtection refuses DeregisterImage.
	DeregistrationProtection bool `json:"deregistration_protection,omitempty"`
	// CreatedAt is the time of its creation in RFC 3339; the start of the server unless given.
	CreatedAt string `json:"created_at,omitempty"`
	// ProductCodes of AWS Marketplace.
	ProductCodes []string `json:"product_codes,omitempty"`
	// SupportedInstanceTypes and UnsupportedInstanceTypes are patterns of instance types, as in "t3.*".
	SupportedInstanceTypes   []string `json:"supported_instance_types,omitempty"`
	UnsupportedInstanceTypes []string `json:"unsupported_instance_types,omitempty"`
	// ScanResults of Amazon Inspector; absent for an AMI that was not scanned.
	ScanResults *ScanResults `json:"scan_results,omitempty"`
	// Watermarks are names of watermarks that the owner attached.
	Watermarks []string `json:"watermarks,omitempty"`
	// Tags as the owner sees them. Those that begin with "ec2:SharedTag/" are seen by whoever the AMI is shared with.
	Tags map[string]string `json:"tags,omitempty"`
}

// ScanResults are what Amazon Inspector found in an AMI.
type ScanResults struct {
	// ScannedAt is the time of the scan in RFC 3339; the start of the server unless given.
	ScannedAt string `json:"scanned_at,omitempty"`
	// HighestSeverity of the findings: "informational", "low", "medium", "high" or "critical"; empty without findings.
	HighestSeverity string `json:"highest_severity,omitempty"`
	// FixAvailableSince are times in RFC 3339, by severity.
	FixAvailableSince map[string]string `json:"fix_available_since,omitempty"`
}

// BlockDevice maps a device of an AMI onto a snapshot.
type BlockDevice struct {
	// DeviceName, "/dev/xvda" for the first unless given.
	DeviceName string `json:"device_name,omitempty"`
	// Snapshot is the id of one of the Region's snapshots.
	Snapshot string `json:"snapshot"`
}

// LaunchTemplate is a launch template with one version.
type LaunchTemplate struct {
	// ID is made up unless given.
	ID string `json:"id,omitempty"`
	// Name is unique in the account and Region.
	Name string `json:"name"`
	// Image is an AMI id, which need not exist yet, or "resolve:ssm:" and the name of a parameter.
	Image string `json:"image"`
	// InstanceType is "t3.micro" unless given.
	InstanceType string `json:"instance_type,omitempty"`
	// KMSKey is the key under which the root volume is encrypted; empty leaves that to the account's default.
	KMSKey string `json:"kms_key,omitempty"`
	// Unencrypted leaves out of a template with a KMSKey that the root volume is encrypted: AWS warns of such a version, and makes it
	// all the same.
	Unencrypted bool `json:"unencrypted,omitempty"`
	// Snapshot is the id of the snapshot of the root volume; empty leaves that to the AMI.
	Snapshot string `json:"snapshot,omitempty"`
	// Tags of the template.
	Tags map[string]string `json:"tags,omitempty"`
}

// ImageUsageReport is a finished report of who uses an AMI.
type ImageUsageReport struct {
	// ID is "amiur-" and letters or digits.
	ID string `json:"id"`
	// Image is the id of an AMI of the account.
	Image string `json:"image"`
	// Tags of the report.
	Tags map[string]string `json:"tags,omitempty"`
}

// Parameter is a parameter of the type String with one version.
type Parameter struct {
	// Name, with a leading "/" if there is another one in it.
	Name string `json:"name"`
	// Value of the parameter.
	Value string `json:"value"`
	// DataType is "text" (the default) or "aws:ec2:image".
	DataType string `json:"data_type,omitempty"`
	// Description of the version.
	Description string `json:"description,omitempty"`
	// AllowedPattern is a regular expression that values have to fit.
	AllowedPattern string `json:"allowed_pattern,omitempty"`
	// Tier is "Standard" (the default) or "Advanced".
	Tier string `json:"tier,omitempty"`
	// Labels of the version.
	Labels []string `json:"labels,omitempty"`
	// Tags of the parameter.
	Tags map[string]string `json:"tags,omitempty"`
}

// AutoScalingGroup is a group that launches from a template.
type AutoScalingGroup struct {
	// Name of the group.
	Name string `json:"name"`
	// LaunchTemplate is the name of a template of the same Region.
	LaunchTemplate string `json:"launch_template"`
	// ServiceLinkedRole is the ARN of the role it launches with; empty means AWSServiceRoleForAutoScaling, which is
	// created when missing.
	ServiceLinkedRole string `json:"service_linked_role,omitempty"`
	// MinSize of the group.
	MinSize int `json:"min_size,omitempty"`
	// MaxSize of the group; 0 means the desired capacity.
	MaxSize int `json:"max_size,omitempty"`
	// DesiredCapacity is how many instances the group wants.
	DesiredCapacity int `json:"desired_capacity,omitempty"`
	// Overrides make it a group with a mixed instances policy, in the order in which it launches from them.
	Overrides []TemplateOverride `json:"overrides,omitempty"`
	// Operator is the service that manages the group and alone may change it, as in "eks.amazonaws.com"; empty for none.
	Operator string `json:"operator,omitempty"`
	// Tags of the group.
	Tags map[string]string `json:"tags,omitempty"`
}

// TemplateOverride takes the place of parts of a group's launch template.
type TemplateOverride struct {
	// InstanceType of the instances; that of the template unless given.
	InstanceType string `json:"instance_type,omitempty"`
	// Image is an AMI id; that of the template unless given.
	Image string `json:"image,omitempty"`
	// LaunchTemplate is the name of another template of the same Region.
	LaunchTemplate string `json:"launch_template,omitempty"`
}

// AllowedImages is the Allowed AMIs setting of an account in a Region.
type AllowedImages struct {
	// State is "enabled", "audit-mode" or "disabled".
	State string `json:"state"`
	// Criteria of which an AMI of another account must meet one. None allows every AMI.
	Criteria []ImageCriterion `json:"criteria,omitempty"`
	// ManagedBy is "account" (the default), or "declarative-policy" for a setting of the organization.
	ManagedBy string `json:"managed_by,omitempty"`
}

// ImageCriterion is one criterion; an AMI meets it when it meets each field that is given.
type ImageCriterion struct {
	// ImageProviders are account ids, "amazon", "aws-marketplace" or "none".
	ImageProviders []string `json:"image_providers,omitempty"`
	// ImageNames are names with * and ? as wildcards.
	ImageNames []string `json:"image_names,omitempty"`
	// MaximumDaysSinceCreated is the greatest age in days; 0 sets no limit.
	MaximumDaysSinceCreated int `json:"maximum_days_since_created,omitempty"`
	// MaximumDaysSinceDeprecated is for how many days it may have been deprecated; absent sets no limit.
	MaximumDaysSinceDeprecated *int `json:"maximum_days_since_deprecated,omitempty"`
	// MarketplaceProductCodes of which it has one.
	MarketplaceProductCodes []string `json:"marketplace_product_codes,omitempty"`
	// ImageWatermarks are keys of watermarks, with wildcards, of which it has one.
	ImageWatermarks []string `json:"image_watermarks,omitempty"`
	// MaximumSeverity of the findings of Amazon Inspector; an AMI that was not scanned does not meet it.
	MaximumSeverity string `json:"maximum_severity,omitempty"`
}
