# An AMI for Auto Scaling groups whose instances are On-Demand and Spot.

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
    post-processor "manifest" {
      output = "manifest.json"
    }

    post-processor "ami-share" {
      target {
        account_ids = ["222222222222"]

        # One grant each. For Spot Fleet and EC2 Fleet add "spotfleet" and "ec2fleet".
        service_linked_roles = ["autoscaling", "spot"]

        # An account that has not used Spot yet has no such role: it is made.
        create_service_linked_roles = true

        assume_role {
          role_name   = "ami-share"
          external_id = var.external_id
        }
      }
    }
  }
}
