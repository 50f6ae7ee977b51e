// SPDX-License-Identifier: MPL-2.0

package bench

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// howto is what the steps by hand took, that the plugin stands in for.
type howto struct {
	size  Size
	calls int
	wall  time.Duration
	cpu   time.Duration
}

// byHand runs the AWS CLI as the how-to does that many work by: one call after the other, each role with its credentials in the environment.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html
func byHand(ctx context.Context, cli string, s Size, latency time.Duration) (h howto, err error) {
	l, stop, err := serve(scenario{size: s, latency: latency}.world())
	if err != nil {
		return h, err
	}
	defer stop()
	command := exec.CommandContext(ctx, "sh", "-ec", s.script(fmt.Sprintf("%q --endpoint-url %s", cli, l.url)))
	command.Env = environment(l.url)
	began := time.Now()
	if out, err := command.CombinedOutput(); err != nil {
		return h, fmt.Errorf("the how-to by hand: %w\n%.2000s", err, out)
	}
	h = howto{size: s, wall: time.Since(began), cpu: command.ProcessState.UserTime() + command.ProcessState.SystemTime()}
	calls, _ := l.count()
	for _, n := range calls {
		h.calls += n
	}
	return h, nil
}

// script are the steps for a size, as a shell script that calls the AWS CLI so.
func (s Size) script(aws string) string {
	var b strings.Builder
	accounts := make([]string, s.Accounts)
	for n := range accounts {
		accounts[n] = account(n)
	}
	ids := strings.Join(accounts, " ")
	for _, region := range regions[:s.Regions] {
		fmt.Fprintf(&b, "%s ec2 modify-snapshot-attribute --region %s --snapshot-id snap-%017d --attribute createVolumePermission --operation-type add --user-ids %s\n", aws, region, 0, ids)
		fmt.Fprintf(&b, "%s ec2 modify-image-attribute --region %s --image-id %s --attribute launchPermission --operation-type add --user-ids %s\n", aws, region, ami(0), ids)
	}
	fmt.Fprintf(&b, `for account in %s; do
  set -- $(%s sts assume-role --role-arn arn:aws:iam::$account:role/%s --role-session-name how-to --external-id %s \
    --query 'Credentials.[AccessKeyId,SecretAccessKey,SessionToken]' --output text)
  for region in %s; do
    for role in %s; do
      AWS_ACCESS_KEY_ID=$1 AWS_SECRET_ACCESS_KEY=$2 AWS_SESSION_TOKEN=$3 %s kms create-grant --region $region \
        --key-id arn:aws:kms:$region:%s:key/%s --grantee-principal arn:aws:iam::$account:role/aws-service-role/$role \
        --operations Encrypt Decrypt ReEncryptFrom ReEncryptTo GenerateDataKey GenerateDataKeyWithoutPlaintext DescribeKey CreateGrant
    done
  done
done
`, ids, aws, roleName, externalID, strings.Join(regions[:s.Regions], " "), strings.Join(s.serviceLinkedRoles(), " "), aws, source, keyID)
	return b.String()
}

func (s Size) serviceLinkedRoles() []string {
	var roles []string
	for _, service := range services[:s.Grantees] {
		roles = append(roles, service+"/"+serviceLinkedRole(service))
	}
	return roles
}

// steps are the calls that the how-to makes for a size: it verifies nothing.
func (s Size) steps() int { return 2*s.Regions + s.Accounts*(1+s.Regions*s.Grantees) }

// sentence compares it with the plugin's run of the same size.
func (h howto) sentence(plugin usage) string {
	each := h.wall / time.Duration(h.calls)
	return fmt.Sprintf("By hand, %s: %d calls of the AWS CLI in %.1f s, %.1f s of processor. The plugin, which looks before and verifies after: %.1f s, %.1f s of processor. "+
		"That is %.0f times as fast. For 4x100x1 the how-to has %d calls, about %.0f minutes; for 15x500x1 %d, about %.1f hours.\n",
		h.size, h.calls, h.wall.Seconds(), h.cpu.Seconds(), plugin.wall.Seconds(), plugin.cpu.Seconds(), h.wall.Seconds()/plugin.wall.Seconds(),
		Of(4, 100, 1).steps(), (each * time.Duration(Of(4, 100, 1).steps())).Minutes(),
		Of(15, 500, 1).steps(), (each * time.Duration(Of(15, 500, 1).steps())).Hours())
}
