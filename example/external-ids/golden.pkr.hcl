# Accounts whose roles ask for an external ID each.

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

# By account. "" stands for a role that asks for none.
variable "external_ids" {
  type      = map(string)
  sensitive = true
}

locals {
  accounts = ["222222222222", "555555555555", "666666666666"]
}

data "ami-share-key" "golden" {
  region = "ap-southeast-2"
  alias  = "alias/ami-sharing"

  target {
    account_ids = local.accounts
    assume_role {
      role_name    = "ami-share"
      external_ids = var.external_ids
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

  ami_regions        = ["ap-southeast-2"]
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
        account_ids = local.accounts
        assume_role {
          role_name    = "ami-share"
          external_ids = var.external_ids
        }
      }
    }
  }
}
