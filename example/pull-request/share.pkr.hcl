# Whom an AMI is shared with, as a file in a repository: a pull request shows what would change, the main branch changes it.

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

# Only the main branch sets it to false.
variable "dry_run" {
  type    = bool
  default = true
}

# The page of a GitHub Actions run; empty elsewhere, and then there is no summary.
variable "summary_file" {
  type    = string
  default = env("GITHUB_STEP_SUMMARY")
}

# The AMI of the last release, which is no part of a pull request.
variable "images" {
  type = map(string)
  default = {
    "ap-southeast-2" = "ami-0feedfacecafe00a0"
    "us-east-1"      = "ami-0feedfacecafe00b0"
  }
}

source "null" "share" {
  communicator = "none"
}

build {
  sources = ["source.null.share"]

  post-processor "ami-share" {
    region  = "ap-southeast-2"
    images  = var.images
    dry_run = var.dry_run

    # An account that is taken out of the list below loses the AMI.
    exact = true

    target {
      account_ids = [
        "222222222222", # web
        "333333333333", # lab
      ]
      assume_role {
        role_name   = "ami-share"
        external_id = var.external_id
      }
    }

    summary_file = var.summary_file
  }
}
