// SPDX-License-Identifier: MPL-2.0

//go:build unix

package amishare

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// written opens and closes an output as a run does.
func written(path string, replace bool, content string) (atOpen, atClose error) {
	o := output{option: "report_file", path: path, replace: replace}
	atOpen = o.open()
	return atOpen, o.close(content)
}

func write(t *testing.T, path string, replace bool, content string) {
	t.Helper()
	if atOpen, atClose := written(path, replace, content); atOpen != nil || atClose != nil {
		t.Fatal(atOpen, atClose)
	}
}

func holdsFile(t *testing.T, path, want string) {
	t.Helper()
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("%s holds %q, want %q (%v)", path, got, want, err)
	}
}

func TestAReportIsReplacedAsAWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "report.json")
	for _, content := range []string{"first, and longer", "second"} {
		o := output{path: path, replace: true}
		if err := o.open(); err != nil {
			t.Fatal(err)
		}
		if content == "second" {
			holdsFile(t, path, "first, and longer") // until the run is over
		}
		if err := o.close(content); err != nil {
			t.Fatal(err)
		}
		holdsFile(t, path, content)
	}
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 1 {
		t.Errorf("beside the file there is more: %v, %v", entries, err)
	}
}

func TestASummaryGrows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "summary.md")
	write(t, path, false, "one\n")
	write(t, path, false, "two\n")
	holdsFile(t, path, "one\ntwo\n")
}

func TestTheUmaskAndTheModeOfTheOldFileAreRespected(t *testing.T) {
	before := syscall.Umask(0o027)
	defer syscall.Umask(before)
	path := filepath.Join(t.TempDir(), "report.json")
	write(t, path, true, "x")
	mode := func() os.FileMode {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info.Mode().Perm()
	}
	if got := mode(); got != 0o640 {
		t.Errorf("a new file has %v", got)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	write(t, path, true, "y")
	if got := mode(); got != 0o600 {
		t.Errorf("a file that was private has %v", got)
	}
}

func TestALinkIsWrittenThrough(t *testing.T) {
	for name, replace := range map[string]bool{"report": true, "summary": false} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			target, link := filepath.Join(folder, "target"), filepath.Join(folder, "link")
			if err := os.Symlink(target, link); err != nil {
				t.Fatal(err)
			}
			write(t, link, replace, "first, and longer")
			write(t, link, replace, "second")
			want := "second"
			if !replace {
				want = "first, and longersecond"
			}
			holdsFile(t, target, want)
			if info, err := os.Lstat(link); err != nil || info.Mode().Type() != os.ModeSymlink {
				t.Errorf("the link is gone: %v, %v", info, err)
			}
		})
	}
}

func TestAPipeIsWrittenThrough(t *testing.T) {
	for name, replace := range map[string]bool{"report": true, "summary": false} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			pipe, link := filepath.Join(folder, "pipe"), filepath.Join(folder, "stdout") // as /dev/stdout is one
			if err := syscall.Mkfifo(pipe, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(pipe, link); err != nil {
				t.Fatal(err)
			}
			if atOpen, atClose := written(link, replace, "x"); atOpen != nil || atClose == nil || !strings.Contains(atClose.Error(), "nobody reads from the pipe") {
				t.Errorf("without a reader: %v, %v", atOpen, atClose)
			}
			reader, err := os.OpenFile(pipe, os.O_RDONLY|syscall.O_NONBLOCK, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer reader.Close()
			content := strings.Repeat("report\n", 100)
			write(t, link, replace, content)
			if got, err := io.ReadAll(reader); err != nil || string(got) != content {
				t.Errorf("the reader got %d bytes (%v)", len(got), err)
			}
			for path, kind := range map[string]os.FileMode{pipe: os.ModeNamedPipe, link: os.ModeSymlink} {
				if info, err := os.Lstat(path); err != nil || info.Mode().Type() != kind {
					t.Errorf("%s is no longer what it was: %v, %v", path, info, err)
				}
			}
		})
	}
}

func TestASocketIsWrittenThrough(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socket")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	got := make(chan string, 1)
	go func() {
		connection, err := listener.Accept()
		if err != nil {
			got <- err.Error()
			return
		}
		content, _ := io.ReadAll(connection)
		got <- string(content)
	}()
	write(t, path, true, "report")
	if text := <-got; text != "report" {
		t.Errorf("the listener got %q", text)
	}
	if info, err := os.Lstat(path); err != nil || info.Mode().Type() != os.ModeSocket {
		t.Errorf("the socket is gone: %v, %v", info, err)
	}
}

func TestAReportThatCanNotBeWritten(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "report.json")
	write(t, path, true, "old")
	o := output{option: "report_file", path: path, replace: true}
	if err := o.open(); err != nil {
		t.Fatal(err)
	}
	if err := o.file.Close(); err != nil { // as a full disk would, it fails in the end
		t.Fatal(err)
	}
	err := o.close("new")
	if err == nil || !strings.Contains(err.Error(), "report_file: writing "+path) || !strings.Contains(err.Error(), "still holds the report of an earlier run") {
		t.Errorf("the error is %v", err)
	}
	holdsFile(t, path, "old")
	if entries, err := os.ReadDir(folder); err != nil || len(entries) != 1 {
		t.Errorf("something was left behind: %v, %v", entries, err)
	}
	t.Run("is known before the run", func(t *testing.T) {
		atOpen, atClose := written(filepath.Join(path, "below", "a-file"), true, "x")
		if atOpen == nil || atClose == nil || strings.Contains(atClose.Error(), "earlier run") {
			t.Errorf("the errors are %v, %v", atOpen, atClose)
		}
	})
}

func TestAFolderThatIsDeletedDuringTheRunIsMadeAgain(t *testing.T) {
	for name, replace := range map[string]bool{"report": true, "summary": false} {
		t.Run(name, func(t *testing.T) {
			folder := filepath.Join(t.TempDir(), "out")
			o := output{path: filepath.Join(folder, "file"), replace: replace}
			if err := o.open(); err != nil {
				t.Fatal(err)
			}
			if err := os.RemoveAll(folder); err != nil {
				t.Fatal(err)
			}
			if err := o.close("result"); err != nil {
				t.Fatal(err)
			}
			holdsFile(t, o.path, "result")
		})
	}
}

func TestALinkThatComesDuringTheRunIsWrittenThrough(t *testing.T) {
	folder := t.TempDir()
	target := filepath.Join(folder, "target")
	o := output{path: filepath.Join(folder, "report.json"), replace: true}
	if err := o.open(); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, o.path); err != nil {
		t.Fatal(err)
	}
	if err := o.close("result"); err != nil {
		t.Fatal(err)
	}
	holdsFile(t, target, "result")
	if info, err := os.Lstat(o.path); err != nil || info.Mode().Type() != os.ModeSymlink {
		t.Errorf("the link is gone: %v, %v", info, err)
	}
	if entries, err := os.ReadDir(folder); err != nil || len(entries) != 2 {
		t.Errorf("something was left behind: %v, %v", entries, err)
	}
}

func TestAFolderIsRefusedWhilePackerValidates(t *testing.T) {
	folder := t.TempDir()
	for option, text := range map[string]string{
		"report_file":  "report_file = \"" + folder + "\"\n",
		"summary_file": "summary_file = \"" + filepath.Join(folder, "none") + "/\"\n",
	} {
		if _, err := configured(t, target+text); err == nil || !strings.Contains(err.Error(), option+": ") || !strings.Contains(err.Error(), "is a folder") {
			t.Errorf("%s: the error is %v", option, err)
		}
	}
	file, link := filepath.Join(folder, "file"), filepath.Join(folder, "link")
	write(t, file, true, "x")
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	if _, err := configured(t, target+"report_file = \""+file+"/new/report.json\"\n"); err == nil || !strings.Contains(err.Error(), "because \""+file+"\" is a file") {
		t.Errorf("below a file: the error is %v", err)
	}
	new := filepath.Join(folder, "new")
	for one, other := range map[string]string{file: link, new: folder + "/./new", folder + "/x/../new": new} {
		if _, err := configured(t, target+"report_file = \""+one+"\"\nsummary_file = \""+other+"\"\n"); err == nil || !strings.Contains(err.Error(), "are both") {
			t.Errorf("one file for both, %s and %s: the error is %v", one, other, err)
		}
	}
}

func TestNamesAreOfAccounts(t *testing.T) {
	if _, err := configured(t, target+"account_names = { \"22222222222\" = \"team-web\" }\n"); err == nil || !strings.Contains(err.Error(), "account_names: \"22222222222\" has 11 digits") {
		t.Errorf("the error is %v", err)
	}
}
