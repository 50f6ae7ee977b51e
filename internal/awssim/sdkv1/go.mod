module github.com/amishare/packer-plugin-ami-share/internal/awssim/sdkv1

go 1.26.3

require github.com/aws/aws-sdk-go v1.55.8

require github.com/jmespath/go-jmespath v0.4.0 // indirect
