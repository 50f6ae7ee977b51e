// SPDX-License-Identifier: MPL-2.0

package amishare

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// slowReader is how long whoever reads from a pipe or a socket may take, from first to last.
const slowReader = 30 * time.Second

// output is a file that the result is written to when the run is over. It is opened before the run, so that a path that can't be written is
// known early, and so that a run that uses up all file descriptors still has its report.
type output struct {
	option  string // report_file or summary_file
	path    string
	replace bool // the file is replaced as a whole; else the text is added to its end

	file      *os.File // nil: it is opened in the end
	temporary bool     // file is renamed to path in the end
	existed   bool     // there was a file before the run
}

// open prepares the output. Its error says why it can't be written; the run can go on, and close tries again.
func (o *output) open() error {
	if o.path == "" {
		return nil
	}
	if err := o.prepare(); err != nil {
		return o.failed(err)
	}
	return nil
}

func (o *output) prepare() error {
	o.file, o.temporary = nil, false
	if err := os.MkdirAll(filepath.Dir(o.path), 0o777); err != nil {
		return err
	}
	info, err := os.Stat(o.path)
	o.existed = err == nil && info.Size() > 0
	switch {
	case err == nil && info.IsDir():
		return errors.New("it is a folder")
	case err == nil && !info.Mode().IsRegular():
		return nil // a pipe or a socket wants its reader at the time of writing
	case o.replace:
		o.file, o.temporary, err = o.replacement()
	default:
		o.file, err = os.OpenFile(o.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	}
	return err
}

// replacement opens a new file beside the old one, to be renamed in the end: who reads the report meanwhile sees the old one or the new one,
// never a part. A link is written through, and so is a file in a folder that takes no others.
func (o *output) replacement() (file *os.File, temporary bool, err error) {
	old, err := os.Lstat(o.path)
	if err == nil && !old.Mode().IsRegular() {
		return nil, false, o.writable()
	}
	name := filepath.Join(filepath.Dir(o.path), "."+filepath.Base(o.path)+"."+strconv.FormatUint(rand.Uint64(), 36))
	file, err = os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666) // less the umask
	if err != nil {
		return nil, false, o.writable()
	}
	if old != nil {
		err = file.Chmod(old.Mode().Perm())
	}
	return file, true, err
}

// writable tells whether the file that is there can be opened to be written over in the end.
func (o *output) writable() error {
	file, err := os.OpenFile(o.path, os.O_WRONLY|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	return file.Close()
}

// close writes the content and closes the file. Its error says what has become of the report.
func (o *output) close(content string) error {
	if o.path == "" {
		return nil
	}
	err := o.write(content)
	if err == nil {
		return nil
	}
	o.discard()
	err = o.failed(err)
	if o.replace && o.existed {
		return fmt.Errorf("%w; the file still holds the report of an earlier run", err)
	}
	return err
}

// discard removes what was prepared beside the file.
func (o *output) discard() {
	if o.file == nil {
		return
	}
	_ = o.file.Close()
	if o.temporary {
		_ = os.Remove(o.file.Name())
	}
}

// current tells whether what was prepared is still what is at the path: during the run a folder can be deleted, and somebody else can
// put a file, a link or a pipe there.
func (o *output) current() bool {
	if o.file == nil {
		return false
	}
	mine, err := o.file.Stat()
	if err != nil {
		return true // the write will say so
	}
	there, err := os.Stat(o.file.Name())
	if err != nil || !os.SameFile(mine, there) {
		return false
	}
	old, err := os.Lstat(o.path)
	return !o.temporary || err != nil || old.Mode().IsRegular()
}

func (o *output) write(content string) error {
	if !o.current() {
		o.discard()
		if err := o.prepare(); err != nil {
			return err
		}
	}
	if o.file == nil {
		return o.through(content)
	}
	_, err := io.WriteString(o.file, content)
	if err = errors.Join(err, o.file.Close()); err != nil || !o.temporary {
		return err
	}
	return os.Rename(o.file.Name(), o.path)
}

// through writes to what is at the path: a device, a pipe, a socket, or a file behind a link. Nobody is waited for without end.
func (o *output) through(content string) error {
	flags := os.O_WRONLY | os.O_CREATE
	info, err := os.Stat(o.path)
	switch {
	case err == nil && info.Mode().Type() == fs.ModeSocket:
		return throughSocket(o.path, content)
	case err == nil && info.Mode().Type() == fs.ModeNamedPipe:
		flags = os.O_WRONLY | syscall.O_NONBLOCK
	case o.replace && (err != nil || info.Mode().IsRegular()):
		flags |= os.O_TRUNC
	default:
		flags |= os.O_APPEND
	}
	file, err := os.OpenFile(o.path, flags, 0o666)
	if errors.Is(err, syscall.ENXIO) {
		return errors.New("nobody reads from the pipe")
	}
	if err != nil {
		return err
	}
	_ = file.SetWriteDeadline(time.Now().Add(slowReader)) // files and most devices have none, and don't wait
	_, err = io.WriteString(file, content)
	return errors.Join(err, file.Close())
}

func throughSocket(path, content string) error {
	connection, err := net.DialTimeout("unix", path, slowReader)
	if err != nil {
		return err
	}
	err = connection.SetWriteDeadline(time.Now().Add(slowReader))
	if err == nil {
		_, err = io.WriteString(connection, content)
	}
	return errors.Join(err, connection.Close())
}

func (o *output) failed(err error) error {
	if cause, ok := errors.AsType[*fs.PathError](err); ok {
		err = cause.Err
	}
	if cause, ok := errors.AsType[*os.LinkError](err); ok {
		err = cause.Err
	}
	return fmt.Errorf("%s: writing %s: %w", o.option, o.path, err)
}

// isFolder tells whether a path names a folder, so that no file can be written there.
func isFolder(path string) bool {
	if path != "" && os.IsPathSeparator(path[len(path)-1]) {
		return true
	}
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// inTheWay returns the file that stands where a path has a folder, "" if there is none.
func inTheWay(path string) string {
	for parent := filepath.Dir(path); parent != filepath.Dir(parent); parent = filepath.Dir(parent) {
		if info, err := os.Stat(parent); err == nil {
			if info.IsDir() {
				return ""
			}
			return parent
		}
	}
	return ""
}

// sameFile tells whether two paths name one file, however they are written.
func sameFile(a, b string) bool {
	if a == "" || b == "" {
		return false
	}
	one, err := os.Stat(a)
	if other, err2 := os.Stat(b); err == nil && err2 == nil {
		return os.SameFile(one, other) && one.Mode().IsRegular()
	}
	a, err = filepath.Abs(a)
	b, err2 := filepath.Abs(b)
	return err == nil && err2 == nil && a == b
}
