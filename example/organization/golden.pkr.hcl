# An AMI for all accounts of an organizational unit (OU), whose list AWS Organizations keeps.

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

# The accounts of the OU and of those below it. Only the management account and delegated administrators may list them.
data "ami-share-accounts" "production" {
  organizational_units = ["ou-ab12-cdefgh34"]

  assume_role {
    role_arn = "arn:aws:iam::777777777777:role/list-accounts"
  }
}

# Proves before the build that each of them may use the key.
data "ami-share-key" "golden" {
  region = "ap-southeast-2"
  alias  = "alias/ami-sharing"

  target {
    account_ids = data.ami-share-accounts.production.account_ids
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
      # The OU has launch permission: one of the 1,000 entries of an AMI, however many accounts there are.
      ou_arns = data.ami-share-accounts.production.ou_arns

      # Each account has a grant, which AWS knows for accounts only.
      target {
        account_ids       = data.ami-share-accounts.production.account_ids
        launch_permission = false
        assume_role {
          role_name   = "ami-share"
          external_id = var.external_id
        }
      }

      account_names = data.ami-share-accounts.production.names
      report_file   = "report.json"
    }
  }
}
