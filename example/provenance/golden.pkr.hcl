# Behind two of Packer's own post-processors: "manifest" and "provenance", which Packer has since 1.16.

packer {
  required_version = ">= 1.16.0"

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

# Amazon Linux 2023 without changes: put provisioners into the build, and a communicator here, to make it yours.
source "amazon-ebs" "golden" {
  region        = "ap-southeast-2"
  instance_type = "t3.micro"
  communicator  = "none"
  ami_name      = "golden-${formatdate("YYYYMMDDhhmmss", timestamp())}"
  encrypt_boot  = true
  kms_key_id    = "alias/ami-sharing"

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
    # First: it keeps the AMI even if what follows fails.
    post-processor "manifest" {
      output = "manifest.json"
    }

    # A SLSA statement of what the AMI was built from. Both hand on the artifact that they are given.
    post-processor "provenance" {
      output_dir = "attestations"
    }

    post-processor "ami-share" {
      target {
        account_ids = ["222222222222"]
        assume_role {
          role_name   = "ami-share"
          external_id = var.external_id
        }
      }
      report_file = "report.json"
    }
  }
}
