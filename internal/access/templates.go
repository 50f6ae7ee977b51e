// SPDX-License-Identifier: MPL-2.0

package access

import (
	"regexp"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// The shapes of https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateLaunchTemplate.html.
var (
	templateName    = regexp.MustCompile(`^[a-zA-Z0-9().\-/_]{3,128}$`)
	templateID      = regexp.MustCompile(`^lt-[0-9a-z]+$`)
	templateVersion = regexp.MustCompile(`^([1-9][0-9]*|\$Latest|\$Default)$`)
)

// templates reads launch_templates.
func (t TargetConfig) templates(f findings) []sharing.LaunchTemplate {
	f = f.within("launch_templates")
	if t.DefaultVersion && len(t.LaunchTemplates) == 0 && !f.openList(t.LaunchTemplates) {
		f.addf("default_version is set, and no launch template is named")
	}
	var all []sharing.LaunchTemplate
	names := map[string]bool{}
	for _, text := range t.LaunchTemplates {
		if f.open(text) {
			continue
		}
		name, version, versioned := strings.Cut(text, ":")
		template := sharing.LaunchTemplate{Named: name, Source: version, Default: t.DefaultVersion}
		switch {
		case template.ByID() && !templateID.MatchString(name), !template.ByID() && !templateName.MatchString(name):
			f.addf("%q is neither the name of a launch template nor its id, as in lt-0123456789abcdef0", name)
		case versioned && !templateVersion.MatchString(version):
			f.addf("%q: a version is a number, $Latest or $Default", text)
		case names[name]:
			f.addf("%q is named twice", name)
		}
		names[name] = true
		all = append(all, template)
	}
	return all
}
