// SPDX-License-Identifier: MPL-2.0

package bench

import (
	"context"
	"errors"
	"net/http"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// Alone makes the calls in the targets that a first run makes there, with the SDK as it is: it looks at nothing, bounds, repeats and
// reports nothing. What that takes of the processor nobody who uses the SDK can undercut by much.
func Alone(ctx context.Context, url string, s Size) error {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConns, transport.MaxIdleConnsPerHost = alongside, alongside
	source := aws.Config{
		Region: regions[0], BaseEndpoint: aws.String(url), HTTPClient: &http.Client{Transport: transport},
		Credentials: credentials.NewStaticCredentialsProvider(accessKey, secretKey, ""),
	}
	signedForIAM := func(o *iam.Options) { o.Region = "us-east-1" } // the one Region that IAM takes
	clients := alone{ec2.NewFromConfig(source), iam.NewFromConfig(source, signedForIAM), kms.NewFromConfig(source), sts.NewFromConfig(source)}
	slots := make(chan struct{}, alongside)
	errs := make([]error, s.Accounts)
	var all sync.WaitGroup
	for n := range s.Accounts {
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			errs[n] = clients.enter(ctx, s, account(n))
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// alongside is how many accounts are worked on at the same time.
const alongside = 64

// alone are the SDK's clients.
type alone struct {
	ec2 *ec2.Client
	iam *iam.Client
	kms *kms.Client
	sts *sts.Client
}

// enter makes the calls in one account.
func (a alone) enter(ctx context.Context, s Size, account string) error {
	role := stscreds.NewAssumeRoleProvider(a.sts, "arn:aws:iam::"+account+":role/"+roleName, func(o *stscreds.AssumeRoleOptions) { o.ExternalID = aws.String(externalID) })
	session := aws.NewCredentialsCache(role)
	var errs []error
	for _, service := range services[:s.Grantees] {
		name := serviceLinkedRole(service)
		_, err := a.iam.GetRole(ctx, &iam.GetRoleInput{RoleName: &name}, func(o *iam.Options) { o.Credentials = session })
		errs = append(errs, err)
		for _, region := range regions[:s.Regions] {
			grantee := "arn:aws:iam::" + account + ":role/aws-service-role/" + service + "/" + name
			errs = append(errs, a.grant(ctx, region, grantee, func(o *kms.Options) { o.Credentials, o.Region = session, region }))
		}
	}
	for _, region := range regions[:s.Regions] {
		inRegion := func(o *ec2.Options) { o.Credentials, o.Region = session, region }
		_, err := a.ec2.DescribeImages(ctx, &ec2.DescribeImagesInput{ImageIds: []string{ami(0)}}, inRegion)
		_, other := a.ec2.GetEbsDefaultKmsKeyId(ctx, nil, inRegion)
		errs = append(errs, err, other)
	}
	return errors.Join(errs...)
}

// grant makes a grant and looks at it.
func (a alone) grant(ctx context.Context, region, grantee string, in func(*kms.Options)) error {
	key := aws.String("arn:aws:kms:" + region + ":" + source + ":key/" + keyID)
	made, err := a.kms.CreateGrant(ctx, &kms.CreateGrantInput{KeyId: key, GranteePrincipal: &grantee, Operations: []types.GrantOperation{types.GrantOperationDecrypt}}, in)
	if err != nil {
		return err
	}
	_, err = a.kms.ListGrants(ctx, &kms.ListGrantsInput{KeyId: key, GrantId: made.GrantId}, in)
	return err
}

func serviceLinkedRole(service string) string {
	return map[string]string{
		services[0]: "AWSServiceRoleForAutoScaling", services[1]: "AWSServiceRoleForEC2Spot", services[2]: "AWSServiceRoleForEC2SpotFleet",
	}[service]
}
