# For the integrations portal. The pages beside it are rendered by `make generate`.
integration {
  name        = "AMI Share"
  description = "Share encrypted AMIs with other AWS accounts: permissions, KMS grants, verification."
  identifier  = "packer/amishare/ami-share"
  flags       = ["hcp-ready"] # internal/e2e/testdata/hcp_packer.txtar shows it
  docs {
    process_docs    = true
    readme_location = "./README.md"
    external_url    = "https://github.com/amishare/packer-plugin-ami-share"
  }
  license {
    type = "MPL-2.0"
    url  = "https://github.com/amishare/packer-plugin-ami-share/blob/main/LICENSE"
  }
  component {
    type = "post-processor"
    name = "AMI Share"
    slug = "ami-share"
  }
  component {
    type = "data-source"
    name = "AMI Share Key"
    slug = "key"
  }
  component {
    type = "data-source"
    name = "AMI Share Accounts"
    slug = "accounts"
  }
}
