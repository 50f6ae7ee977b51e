// SPDX-License-Identifier: MPL-2.0

package campaign

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// trial is one case of the campaign.
type trial struct {
	call   call
	kind   kind
	mode   string         // on_failure
	beside []awssim.Fault // happen as well
	how    string         // "" or what beside is about
}

func (c trial) String() string {
	return fmt.Sprintf("%s, %s %d by %s in %s%s: %s", c.mode, c.call.action, c.call.nth, c.call.account, c.call.region, c.how, c.kind.name)
}

func (c trial) template() string { return wanted + fmt.Sprintf("on_failure = %q\n", c.mode) }

// faults are what happens to the calls of a run.
func (c trial) faults() []awssim.Fault { return append(c.kind.faults(c.call), c.beside...) }

// scene is a run in which something has gone wrong before the call that is made to fail.
type scene struct {
	trial
	base string // the mode of the run without faults, whose calls the scene has no part in
}

// scenes lead to the calls that a run without faults does not make.
func scenes() []scene {
	beside := func(mode, how string, faults ...awssim.Fault) scene {
		return scene{trial{mode: mode, how: ", " + how, beside: faults}, mode}
	}
	no := func(action, account string) awssim.Fault {
		return awssim.Fault{Action: action, Account: account, Code: "AccessDeniedException", Message: "no"}
	}
	return []scene{
		beside("rollback", "while it is taken back", no("ssm:LabelParameterVersion", lacking)),
		beside("fail", "after a grant was refused", no("kms:CreateGrant", lacking)),
		beside("fail", "after an AMI was not seen", awssim.Fault{
			Action: "ec2:DescribeImages", Account: lacking, ContentType: "text/xml",
			Body: `<DescribeImagesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>1</requestId><imagesSet/></DescribeImagesResponse>`,
		}),
		beside("fail", "while a canary is on its way, and others have stayed", oneGroup(1, sharing.CanaryPrefix+"old"), oneGroup(2, "other"), awssim.Fault{
			Action: "ec2:DescribeLaunchTemplates", ContentType: "text/xml",
			Body: `<DescribeLaunchTemplatesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>1</requestId><launchTemplates><item>` +
				`<launchTemplateName>` + sharing.CanaryPrefix + `old</launchTemplateName><tagSet><item><key>` + sharing.CanaryTag +
				`</key><value>2020-01-01T00:00:00Z</value></item></tagSet></item></launchTemplates></DescribeLaunchTemplatesResponse>`,
		}),
	}
}

// oneGroup answers the nth look at a target's groups with one that has no instances, and that nobody needs any more.
func oneGroup(nth int, name string) awssim.Fault {
	return awssim.Fault{
		Action: "autoscaling:DescribeAutoScalingGroups", Account: ready, Nth: nth, ContentType: "text/xml",
		Body: `<DescribeAutoScalingGroupsResponse xmlns="http://autoscaling.amazonaws.com/doc/2011-01-01/"><DescribeAutoScalingGroupsResult><AutoScalingGroups><member>` +
			`<AutoScalingGroupName>` + name + `</AutoScalingGroupName><Tags><member><Key>` + sharing.CanaryTag + `</Key><Value>2020-01-01T00:00:00Z</Value></member></Tags>` +
			`</member></AutoScalingGroups></DescribeAutoScalingGroupsResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></DescribeAutoScalingGroupsResponse>`,
	}
}

// trials are all cases: each call of a run, failing in each way, for each on_failure; in pairs; and in each scene.
func (s *stage) trials(t *testing.T) []trial {
	t.Helper()
	var all []trial
	calls := map[string][]call{}
	for _, mode := range []string{"fail", "rollback", "continue"} {
		calls[mode] = s.calls(t, trial{mode: mode})
		all = append(all, singles(trial{mode: mode}, calls[mode])...)
	}
	for _, mode := range []string{"fail", "rollback"} {
		all = append(all, pairs(trial{mode: mode}, calls[mode])...)
	}
	for _, scene := range scenes() {
		own := slices.DeleteFunc(s.calls(t, scene.trial), func(c call) bool { return slices.Contains(calls[scene.base], c) })
		all = append(all, singles(scene.trial, own)...)
	}
	return all
}

func singles(like trial, calls []call) []trial {
	var all []trial
	for _, c := range calls {
		for _, k := range kinds() {
			like.call, like.kind = c, k
			all = append(all, like)
		}
	}
	return all
}

func pairs(like trial, calls []call) []trial {
	var all []trial
	for _, c := range calls {
		for _, k := range lostThenRefused() {
			like.call, like.kind = c, k
			if c.write {
				all = append(all, like)
			}
		}
	}
	return all
}

// calls are those of a run in which nothing fails but what happens beside.
func (s *stage) calls(t *testing.T, c trial) []call {
	t.Helper()
	server := s.open(t)
	earlier := len(server.Journal())
	for _, fault := range c.beside {
		server.Fail(fault)
	}
	s.run(t, c.template())
	var all []call
	seen := map[call]int{}
	for _, entry := range server.Journal()[earlier:] {
		if !asked(entry) {
			continue
		}
		one := call{action: entry.Action, account: entry.Account, region: entry.Region}
		seen[one]++
		one.nth, one.write = seen[one], entry.Write && entry.Service != "sts"
		all = append(all, one)
	}
	return all
}

// asked tells whether a line of the journal is about a call: not about a use that EC2 makes of a key in somebody's name.
func asked(entry awssim.Entry) bool { return strings.HasPrefix(entry.Action, entry.Service+":") }
