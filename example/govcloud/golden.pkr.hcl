# An AMI in AWS GovCloud (US), in both Regions. The plugin makes all ARNs in the partition of the source account.

packer {
  required_plugins {
    amazon = {
      source  = "github.com/hashicorp/amazon"
      version = "~> 1.8"
    }
    ami-share = {
      source  = "github.com/amishare/ami-share"
      version = "~> 0.1"
    }
  }
}

variable "external_id" {
  type      = string
  sensitive = true
}

locals {
  regions = ["us-gov-west-1", "us-gov-east-1"]
}

data "ami-share-key" "golden" {
  region  = "us-gov-west-1"
  regions = local.regions
  alias   = "alias/ami-sharing"

  target {
    account_ids = ["222222222222"]
    assume_role {
      role_name   = "ami-share"
      external_id = var.external_id
    }
  }
}

# Amazon Linux 2023 without changes: put provisioners into the build, and a communicator here, to make it yours.
source "amazon-ebs" "golden" {
  region        = "us-gov-west-1"
  instance_type = "t3.micro"
  communicator  = "none"
  ami_name      = "golden-${formatdate("YYYYMMDDhhmmss", timestamp())}"
  encrypt_boot  = true

  ami_regions        = local.regions
  region_kms_key_ids = data.ami-share-key.golden.kms_key_ids

  source_ami_filter {
    owners      = ["amazon"]
    most_recent = true
    filters = {
      name = "al2023-ami-2023.*-kernel-6.12-x86_64"
    }
  }
}

build {
  sources = ["source.amazon-ebs.golden"]

  post-processors {
    post-processor "manifest" {
      output = "manifest.json"
    }

    post-processor "ami-share" {
      target {
        account_ids = ["222222222222"]
        assume_role {
          role_name   = "ami-share"
          external_id = var.external_id
        }
      }
    }
  }
}
