# AMIs that exist, of two architectures, for an account that came later. Nothing is built.

packer {
  required_plugins {
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
  # By architecture and Region. A post-processor takes one AMI in each Region, so that each architecture has a source.
  images = {
    x86_64 = {
      "ap-southeast-2" = "ami-0feedfacecafe00a0"
      "us-east-1"      = "ami-0feedfacecafe00b0"
    }
    arm64 = {
      "ap-southeast-2" = "ami-0feedfacecafe00a1"
      "us-east-1"      = "ami-0feedfacecafe00b1"
    }
  }
}

source "null" "x86_64" {
  communicator = "none"
}

source "null" "arm64" {
  communicator = "none"
}

build {
  sources = ["source.null.x86_64", "source.null.arm64"]

  post-processor "ami-share" {
    region = "ap-southeast-2"
    images = local.images[source.name]

    target {
      account_ids = ["444444444444"]
      assume_role {
        role_name   = "ami-share"
        external_id = var.external_id
      }
    }

    report_file = "report-${source.name}.json"
  }
}
