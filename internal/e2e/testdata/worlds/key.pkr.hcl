# Finds a key for one target, as its variables say.

variable "alias" {
  type    = string
  default = "alias/ami-sharing"
}

variable "key_id" {
  type    = string
  default = ""
}

variable "tags" {
  type    = map(string)
  default = {}
}

variable "regions" {
  type    = list(string)
  default = ["ap-southeast-2", "us-east-1"]
}

variable "accounts" {
  type    = list(string)
  default = ["222222222222"]
}

variable "grant_operations" {
  type    = list(string)
  default = null
}

variable "check" {
  type    = bool
  default = true
}

variable "timeout" {
  type    = string
  default = "2m"
}

variable "create_roles" {
  type    = bool
  default = false
}

data "ami-share-key" "golden" {
  region           = var.regions[0]
  regions          = var.regions
  alias            = var.alias
  key_id           = var.key_id
  tags             = var.tags
  grant_operations = var.grant_operations
  check_grants     = var.check
  timeout          = var.timeout

  target {
    account_ids                 = var.accounts
    create_service_linked_roles = var.create_roles
    assume_role {
      role_name   = "ami-share"
      external_id = "golden-images"
    }
  }
}

source "null" "x" {
  communicator = "none"
}

build {
  sources = ["source.null.x"]
  provisioner "shell-local" {
    inline = [
      "echo arn=${data.ami-share-key.golden.arn}",
      "echo others=${jsonencode(data.ami-share-key.golden.region_kms_key_ids)}",
      "echo warnings=${jsonencode(data.ami-share-key.golden.warnings)}",
    ]
  }
}
