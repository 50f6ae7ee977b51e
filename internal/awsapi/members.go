// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// whole refuses an answer that says that all went well and is not all of it, or is another call's. The SDK does not look at
// the answer of a call that has no output.
func whole(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
	out, metadata, err := next.HandleDeserialize(ctx, in)
	response, ok := out.RawResponse.(*smithyhttp.Response)
	if err != nil || !ok || response.StatusCode < 200 || response.StatusCode >= 300 {
		return out, metadata, err
	}
	body, err := io.ReadAll(response.Body)
	_ = response.Body.Close() // all that can be read has been
	response.Body = io.NopCloser(bytes.NewReader(body))
	switch {
	case err != nil:
		err = &smithy.DeserializationError{Err: fmt.Errorf("reading the answer: %w", err)}
	case !isWhole(body, awsmiddleware.GetOperationName(ctx)):
		err = &smithy.DeserializationError{Err: fmt.Errorf("the answer is cut off, or not to %s: it begins with %.60q", awsmiddleware.GetOperationName(ctx), body)}
	}
	return out, metadata, err
}

// isWhole tells whether an answer ends as it should: the XML document of EC2, IAM, STS and Auto Scaling, which is named
// after the operation, or the JSON object of KMS, which may be missing where there is nothing to say.
func isWhole(body []byte, operation string) bool {
	body = bytes.TrimSpace(body)
	if len(body) == 0 || body[0] == '{' {
		return len(body) == 0 || json.Valid(body)
	}
	name := operation + "Response"
	for decoder := xml.NewDecoder(bytes.NewReader(body)); ; {
		token, err := decoder.RawToken()
		if err != nil {
			return false
		}
		if root, ok := token.(xml.StartElement); ok {
			return root.Name.Local == name && (bytes.HasSuffix(body, []byte("</"+name+">")) || bytes.HasSuffix(body, []byte("/>")))
		}
	}
}

// members refuses an answer that lacks what it is asked for.
func members(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
	out, metadata, err := next.HandleDeserialize(ctx, in)
	if err == nil && !complete(out.Result) {
		err = &smithy.DeserializationError{Err: fmt.Errorf("the answer to %s lacks what AWS always puts into it", awsmiddleware.GetOperationName(ctx))}
	}
	return out, metadata, err
}

// complete tells whether an answer has the members that the callers rely on, and that AWS never leaves out.
func complete(result any) bool {
	switch out := result.(type) {
	case *sts.AssumeRoleOutput:
		c := out.Credentials
		return c != nil && all(c.AccessKeyId, c.SecretAccessKey, c.SessionToken) && c.Expiration != nil
	case *sts.GetCallerIdentityOutput:
		return all(out.Account)
	case *iam.GetRoleOutput:
		return out.Role != nil && all(out.Role.Arn, out.Role.RoleId)
	case *kms.DescribeKeyOutput:
		return out.KeyMetadata != nil && all(out.KeyMetadata.KeyId)
	case *kms.GetKeyPolicyOutput:
		return all(out.Policy)
	case *kms.CreateGrantOutput:
		return all(out.GrantId)
	case *kms.ListGrantsOutput:
		return out.Grants != nil && (!out.Truncated || all(out.NextMarker))
	default:
		return completeEC2(result)
	}
}

func completeEC2(result any) bool {
	switch out := result.(type) {
	case *ec2.DescribeImageAttributeOutput:
		return all(out.ImageId)
	case *ec2.DescribeSnapshotAttributeOutput:
		return all(out.SnapshotId)
	case *ec2.DescribeImagesOutput:
		for _, image := range out.Images {
			if !all(image.ImageId) {
				return false
			}
		}
	case *ec2.DescribeSnapshotsOutput:
		for _, snapshot := range out.Snapshots {
			if !all(snapshot.SnapshotId) {
				return false
			}
		}
	case *ec2.GetEbsDefaultKmsKeyIdOutput:
		return all(out.KmsKeyId)
	case *ec2.GetAllowedImagesSettingsOutput:
		return all(out.State)
	case *autoscaling.DescribeAutoScalingGroupsOutput:
		for _, group := range out.AutoScalingGroups {
			if !all(group.AutoScalingGroupName) {
				return false
			}
		}
	}
	return true
}

// all tells whether all members are there.
func all(values ...*string) bool {
	for _, value := range values {
		if aws.ToString(value) == "" {
			return false
		}
	}
	return true
}
