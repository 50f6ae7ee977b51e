// SPDX-License-Identifier: MPL-2.0

// Package e2e runs the main job for real: the real packer, the real amazon plugin and this one, against the local AWS.
//
// The demo and the stories share what is here; the stories themselves are the scripts in testdata. It holds no rule of
// the product and no shortcut into it: everything goes over HTTP and through files.
package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Tools are the programs that a workshop needs.
type Tools struct {
	Packer string // packer
	Amazon string // packer-plugin-amazon
	Plugin string // this plugin
}

// Workshop is a folder in which Packer works with plugins of its own: nothing of the user's is read or written.
type Workshop struct {
	tools Tools
	dir   string
}

// NewWorkshop installs the plugins below a folder as users do, by packer plugins install --path.
func NewWorkshop(ctx context.Context, dir string, tools Tools) (*Workshop, error) {
	w := &Workshop{tools, dir}
	for source, binary := range map[string]string{
		"github.com/hashicorp/amazon": tools.Amazon, "github.com/amishare/ami-share": tools.Plugin,
	} {
		install := exec.CommandContext(ctx, tools.Packer, "plugins", "install", "--path", binary, source)
		install.Env = append(os.Environ(), w.Env()...)
		if out, err := install.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("installing %s: %w\n%s", source, err, out)
		}
	}
	return w, nil
}

// Env are the environment variables under which Packer knows the workshop.
func (w *Workshop) Env() []string {
	return []string{
		"CHECKPOINT_DISABLE=1", "PACKER_NO_COLOR=1", "PACKER_PLUGIN_PATH=" + filepath.Join(w.dir, "plugins"), "PACKER_CONFIG_DIR=" + filepath.Join(w.dir, "config"),
		"AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE=" + filepath.Join(w.dir, "none"), "AWS_SHARED_CREDENTIALS_FILE=" + filepath.Join(w.dir, "none"),
	}
}

// EnvOf are the environment variables of somebody who works with the local AWS at url.
func EnvOf(url, accessKey, secretKey string) []string {
	return []string{"AWS_ENDPOINT_URL=" + url, "AWS_ACCESS_KEY_ID=" + accessKey, "AWS_SECRET_ACCESS_KEY=" + secretKey, "AWS_SESSION_TOKEN=", "AWS_PROFILE="}
}

// Plain returns the environment without what could lead Packer or an SDK elsewhere.
func Plain(environment []string) []string {
	var plain []string
	for _, variable := range environment {
		if !strings.HasPrefix(variable, "AWS_") && !strings.HasPrefix(variable, "PACKER_") && !strings.HasPrefix(variable, "PKR_") {
			plain = append(plain, variable)
		}
	}
	return plain
}
