# An AMI for EKS: the nodes are launched by another role in each of three clusters, and that role gets the grant.

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
      # Karpenter launches with its controller's role, and EC2 starts its Spot Instances with the role of Spot.
      target {
        account_ids          = ["222222222222"]
        service_linked_roles = ["spot"]
        grantee_roles        = ["KarpenterController"]
        assume_role {
          role_name   = "ami-share"
          external_id = var.external_id
        }
      }

      # EKS Auto Mode works with the cluster's role.
      target {
        account_ids          = ["333333333333"]
        service_linked_roles = []
        grantee_roles        = ["AmazonEKSAutoClusterRole"]
        assume_role {
          role_name   = "ami-share"
          external_id = var.external_id
        }
      }

      # A managed node group is an Auto Scaling group: its service-linked role is what a target has by default.
      target {
        account_ids = ["444444444444"]
        assume_role {
          role_name   = "ami-share"
          external_id = var.external_id
        }
      }
    }
  }
}
