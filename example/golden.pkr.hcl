# An encrypted AMI in two Regions, shared with two accounts. "make demo" runs this template as it stands.

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

data "ami-share-key" "golden" {
  region  = "ap-southeast-2"
  regions = ["ap-southeast-2", "us-east-1"]
  alias   = "alias/ami-sharing"

  target {
    account_ids = ["222222222222"]
    ssm_parameter {
      name = "/golden/web/ami"
    }
    assume_role {
      role_name   = "ami-share"
      external_id = var.external_id
    }
  }
}

source "amazon-ebs" "golden" {
  region             = "ap-southeast-2"
  ami_regions        = ["ap-southeast-2", "us-east-1"]
  source_ami         = "ami-0a1b2c3d4e5f60718"
  instance_type      = "t3.micro"
  communicator       = "none"
  ami_name           = "golden-${formatdate("YYYYMMDDhhmmss", timestamp())}"
  encrypt_boot       = true
  region_kms_key_ids = data.ami-share-key.golden.kms_key_ids

  tags = {
    team = "images"
  }
}

build {
  sources = ["source.amazon-ebs.golden"]

  post-processors {
    # First: it keeps the AMI even if sharing fails.
    post-processor "manifest" {
      output = "manifest.json"
    }

    post-processor "ami-share" {
      region = "ap-southeast-2"

      # Launches the AMI in an Auto Scaling group: its service-linked role gets a grant on the key. Its launch template says
      # resolve:ssm:/golden/web/ami, and never an id.
      target {
        account_ids = ["222222222222"]
        ssm_parameter {
          name = "/golden/web/ami"
        }
        assume_role {
          role_name   = "ami-share"
          external_id = var.external_id
        }
      }

      # Gets the AMI and no grant.
      target {
        account_ids          = ["333333333333"]
        service_linked_roles = []
      }

      report_file = "report.json"
    }
  }
}
