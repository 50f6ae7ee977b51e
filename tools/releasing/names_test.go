// SPDX-License-Identifier: MPL-2.0

package releasing

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/packer/hcl2template/addrs"
	plugingetter "github.com/hashicorp/packer/packer/plugin-getter"
	"github.com/hashicorp/packer/packer/plugin-getter/github"
)

func TestPackersInstallerUnderstandsEveryName(t *testing.T) {
	source, err := addrs.ParsePluginSourceString("github.com/amishare/ami-share")
	if err != nil {
		t.Fatal(err)
	}
	requirement := &plugingetter.Requirement{Identifier: source}
	targets := targetLine.FindAllStringSubmatch(read(t, root, ".goreleaser.yml"), -1)
	if len(targets) != 20 {
		t.Errorf("the release has %d platforms", len(targets))
	}
	for _, target := range targets {
		system, architecture := target[1], target[2]
		t.Run(system+" "+architecture, func(t *testing.T) {
			entry := &plugingetter.ChecksumFileEntry{Filename: asset(system, architecture) + ".zip"}
			var getter github.Getter
			if err := getter.Init(requirement, entry); err != nil {
				t.Fatal(err)
			}
			options := plugingetter.BinaryInstallationOptions{APIVersionMajor: "5", APIVersionMinor: "0", OS: system, ARCH: architecture}
			if err := getter.Validate(plugingetter.GetOptions{}, snapshot.version, options, entry); err != nil {
				t.Error(err)
			}
			if got := getter.ExpectedFileName(requirement, snapshot.version, entry, ""); got != entry.Filename {
				t.Errorf("Packer asks for %s, and the release has %s", got, entry.Filename)
			}
		})
	}
}

// Packer reads every line of the checksums: it passes over names that end in .json, and complains about others.
func TestNothingInTheChecksumsIsInPackersWay(t *testing.T) {
	for name := range checksums(t) {
		if extension := filepath.Ext(name); extension != ".json" && extension != ".zip" || !strings.HasPrefix(name, platform()) {
			t.Errorf("Packer would try to install %s", name)
		}
	}
}
