# An AMI in two Regions under one multi-Region key: a primary key and its replica, found by one alias.

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
  regions = ["ap-southeast-2", "us-east-1"]
}

data "ami-share-key" "everywhere" {
  region  = "ap-southeast-2"
  regions = local.regions
  alias   = "alias/ami-sharing-everywhere"

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
  region        = "ap-southeast-2"
  instance_type = "t3.micro"
  communicator  = "none"
  ami_name      = "golden-${formatdate("YYYYMMDDhhmmss", timestamp())}"
  encrypt_boot  = true

  # All Regions, that of the build too, each with the key in it.
  ami_regions        = local.regions
  region_kms_key_ids = data.ami-share-key.everywhere.kms_key_ids

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
