// SPDX-License-Identifier: MPL-2.0

package amishare

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	packersdk "github.com/hashicorp/packer-plugin-sdk/packer"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

func TestImagesOfArtifacts(t *testing.T) {
	central := sharing.ImageRef{Region: "eu-central-1", ID: "ami-0123456789abcdef0"}
	east := sharing.ImageRef{Region: "us-east-1", ID: "ami-0123456789abcdef1"}
	for name, test := range map[string]struct {
		builder, id string
		want        []sharing.ImageRef
	}{
		"amazon-ebs":            {"mitchellh.amazonebs", "eu-central-1:ami-0123456789abcdef0,us-east-1:ami-0123456789abcdef1", []sharing.ImageRef{central, east}},
		"in any order":          {"mitchellh.amazonebs", "us-east-1:ami-0123456789abcdef1,eu-central-1:ami-0123456789abcdef0", []sharing.ImageRef{central, east}},
		"amazon-ebssurrogate":   {"mitchellh.amazon.ebssurrogate", "eu-central-1:ami-0123456789abcdef0", []sharing.ImageRef{central}},
		"amazon-import":         {"packer.post-processor.amazon-import", "eu-central-1:ami-0123456789abcdef0", []sharing.ImageRef{central}},
		"a builder of tomorrow": {"acme.image", " eu-central-1:ami-0123456789abcdef0 ", []sharing.ImageRef{central}},
		"the same AMI twice":    {"acme.image", "us-east-1:ami-0123456789abcdef1,us-east-1:ami-0123456789abcdef1", []sharing.ImageRef{east}},
		"among other things":    {"acme.image", "us-east-1:vol-1,us-east-1:ami-0123456789abcdef1,report.txt", []sharing.ImageRef{east}},
		"a GovCloud Region":     {"mitchellh.amazonebs", "us-gov-west-1:ami-01234567", []sharing.ImageRef{{Region: "us-gov-west-1", ID: "ami-01234567"}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := images(artifactOf(test.builder, test.id))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("AMIs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestArtifactsWithoutImages(t *testing.T) {
	for name, test := range map[string]struct{ builder, id, want string }{
		"checksum":         {"packer.post-processor.checksum", "", "The checksum post-processor replaces the artifact and loses the AMIs"},
		"compress":         {"packer.post-processor.compress", "", "The compress post-processor replaces the artifact"},
		"artifice":         {"packer.post-processor.artifice", "", "The artifice post-processor replaces the artifact"},
		"amazon-ebsvolume": {"mitchellh.amazon.ebsvolume", "us-east-1:vol-0123456789abcdef0", "makes volumes and snapshots, not AMIs"},
		"null":             {"fnoeding.null", "Null", "name the AMIs to share in images"},
		"docker":           {"packer.docker", "sha256:0123", "ami-share takes what the amazon-ebs"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := images(artifactOf(test.builder, test.id))
			holds(t, err, []string{`looking for AMIs in the artifact of "` + test.builder + `"`, test.want})
		})
	}
}

func TestBuildRegion(t *testing.T) {
	for name, test := range map[string]struct {
		state map[string]any
		want  sharing.Region
	}{
		"from another process":  {map[string]any{"generated_data": map[any]any{"BuildRegion": "us-east-1"}}, "us-east-1"},
		"from the same process": {map[string]any{"generated_data": map[string]any{"BuildRegion": "us-east-1"}}, "us-east-1"},
		"none":                  {map[string]any{"generated_data": map[any]any{}}, ""},
		"of no use":             {map[string]any{"generated_data": map[any]any{"BuildRegion": 7}}, ""},
		"no data":               {nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := buildRegion(&packersdk.MockArtifact{StateValues: test.state}); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
