# An AMI that consumers launch without knowing its id: one account proves a launch, and the others are told.

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
      # What everybody sees with whom the AMI is shared, once all targets have passed: a mark that Allowed AMIs settings ask for, and tags
      # to filter by.
      watermark   = "approved"
      shared_tags = { status = "approved", os = "al2023" }

      # For pipelines of this account that build on the AMI.
      ssm_parameter {
        name = "/golden/ami"
      }

      # The lab proves that an Auto Scaling group can launch the AMI. It comes first by itself: everything else waits for it.
      target {
        account_ids = ["333333333333"]

        canary {
          subnet_id     = "subnet-0default00000000"
          instance_type = "t3.micro"
        }

        assume_role {
          role_name   = "ami-share"
          external_id = var.external_id
        }
      }

      # The web team's launch templates name resolve:ssm:/golden/ami, or resolve:ssm:/golden/ami:live.
      target {
        account_ids = ["222222222222"]

        ssm_parameter {
          name   = "/golden/ami"
          labels = ["live"]
        }

        assume_role {
          role_name   = "ami-share"
          external_id = var.external_id
        }
      }

      # The shop's groups use the default version of their launch template.
      target {
        account_ids      = ["444444444444"]
        launch_templates = ["web"]
        default_version  = true

        assume_role {
          role_name   = "ami-share"
          external_id = var.external_id
        }
      }
    }
  }
}
