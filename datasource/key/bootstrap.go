// SPDX-License-Identifier: MPL-2.0

package key

import (
	"errors"
	"io/fs"
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

// write writes files into a folder, which is made, and deletes those of an earlier run that are no longer among them.
func write(folder string, files map[string]string) []sharing.Problem {
	err := os.MkdirAll(folder, 0o750)
	if err == nil {
		err = removeOld(folder, files)
	}
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

// removeOld deletes what an earlier run wrote for a configuration that has changed: a policy of a role that is no target's any
// more must not be deployed by mistake.
func removeOld(folder string, files map[string]string) error {
	readme, err := os.ReadFile(filepath.Join(folder, bootstrap.Readme)) // #nosec G304 -- the user's own folder
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, name := range bootstrap.Listed(string(readme)) {
		if _, again := files[name]; again || err != nil {
			continue
		}
		if err = os.Remove(filepath.Join(folder, name)); errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
	}
	return err
}
