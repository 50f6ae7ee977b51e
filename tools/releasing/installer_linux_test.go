// SPDX-License-Identifier: MPL-2.0

package releasing

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// github is the part of GitHub that Packer's installer asks, on loopback. Packer has no option for where that is: a proxy
// leads every host here, and Packer is told to trust the certificate, which Go's x509 takes from SSL_CERT_FILE on Linux only.
type fakeGitHub struct {
	mu    sync.Mutex
	asked []string
}

func (g *fakeGitHub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	g.asked = append(g.asked, r.Host+r.URL.Path)
	g.mu.Unlock()
	downloads := "/amishare/packer-plugin-ami-share/releases/download/v" + snapshot.version + "/"
	file, download := strings.CutPrefix(r.URL.Path, downloads)
	switch {
	case r.Host == "api.github.com" && r.URL.Path == "/repos/amishare/packer-plugin-ami-share/git/matching-refs/tags":
		fmt.Fprintf(w, `[{"ref":"refs/tags/v%s"}]`, snapshot.version)
	case r.Host == "github.com" && download && filepath.Base(file) == file:
		http.ServeFile(w, r, filepath.Join(snapshot.dir, file))
	default:
		http.NotFound(w, r)
	}
}

// serve starts the fake behind a proxy, and returns the environment in which Packer uses it.
func serve(t *testing.T, fake http.Handler) []string {
	t.Helper()
	certificate, authority := certify(t, "api.github.com", "github.com", "releases.hashicorp.com")
	server := httptest.NewUnstartedServer(fake)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	server.StartTLS()
	t.Cleanup(server.Close)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect {
			http.NotFound(w, r)
			return
		}
		tunnel(t, w, server.Listener.Addr().String())
	}))
	t.Cleanup(proxy.Close)
	dir := t.TempDir()
	bundle := filepath.Join(dir, "authority.pem")
	if err := os.WriteFile(bundle, authority, 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{
		"HTTPS_PROXY=" + proxy.URL, "NO_PROXY=", "SSL_CERT_FILE=" + bundle, "SSL_CERT_DIR=" + dir, "PACKER_GITHUB_API_TOKEN=", "CHECKPOINT_DISABLE=1",
		"HOME=" + dir, "PACKER_CONFIG_DIR=" + dir, "PACKER_PLUGIN_PATH=" + filepath.Join(dir, "plugins"), "PACKER_NO_COLOR=1",
	}
}

// tunnel answers CONNECT: what is sent goes to address, whatever host was asked for.
func tunnel(t *testing.T, w http.ResponseWriter, address string) {
	client, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		t.Error(err)
		return
	}
	defer client.Close()
	server, err := net.Dial("tcp", address)
	if err != nil {
		t.Error(err)
		return
	}
	defer server.Close()
	io.WriteString(client, "HTTP/1.1 200 OK\r\n\r\n")
	go func() {
		io.Copy(server, client)
		server.Close()
	}()
	io.Copy(client, server)
}

// certify makes a certificate for hosts that vouches for itself.
func certify(t *testing.T, hosts ...string) (tls.Certificate, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: hosts, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

const template = `packer {
  required_plugins {
    ami-share = {
      source  = "github.com/amishare/ami-share"
      version = "~> %s"
    }
  }
}
`

func TestPackerInstallsTheRelease(t *testing.T) {
	for name, args := range map[string][]string{
		"packer init":            {"init", "."},
		"packer plugins install": {"plugins", "install", "github.com/amishare/ami-share"},
	} {
		t.Run(name, func(t *testing.T) {
			fake := &fakeGitHub{}
			env := serve(t, fake)
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "golden.pkr.hcl"), fmt.Appendf(nil, template, snapshot.version), 0o600); err != nil {
				t.Fatal(err)
			}
			packer := exec.CommandContext(t.Context(), tool("packer"), args...)
			packer.Dir, packer.Env = dir, append(os.Environ(), env...)
			out, err := packer.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%sasked: %q", err, out, fake.asked)
			}
			plugins := strings.TrimPrefix(env[len(env)-2], "PACKER_PLUGIN_PATH=")
			installed := read(t, plugins, "github.com", "amishare", "ami-share", platform())
			if !bytes.Equal([]byte(installed), unpacked(t)[platform()]) {
				t.Error("what is installed is not what was released")
			}
		})
	}
}
