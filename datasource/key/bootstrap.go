// SPDX-License-Identifier: MPL-2.0

package key

import (
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/amishare/packer-plugin-ami-share/internal/bootstrap"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// bootstrap writes the files of bootstrap_directory, as soon as the keys are known.
func (s *search) bootstrap() {
	if s.config.BootstrapDirectory == "" || len(s.keys) == 0 {
		return
	}
	config := bootstrap.Config{Config: s.documents()}
	for _, key := range s.keys {
		config.Keys = append(config.Keys, bootstrap.Key{ARN: key.ARN, Policy: key.Policy})
	}
	files, problems := bootstrap.Files(config)
	if len(problems) == 0 {
		problems = write(s.config.BootstrapDirectory, files)
	}
	s.problems = append(s.problems, problems...)
}

// write writes files into a folder, which is made.
func write(folder string, files map[string]string) []sharing.Problem {
	err := os.MkdirAll(folder, 0o750)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, name), []byte(files[name]), 0o600)
		}
	}
	if err == nil {
		return nil
	}
	return []sharing.Problem{{
		Doing: "writing the files of bootstrap_directory", Cause: err.Error(), Remedy: "Name a folder that can be written to, or leave bootstrap_directory out.",
	}}
}
