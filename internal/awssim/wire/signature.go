// SPDX-License-Identifier: MPL-2.0

package wire

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Signature is a parsed Authorization header of Signature Version 4.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
type Signature struct {
	AccessKey string
	date      string // YYYYMMDD
	Region    string
	Service   string
	headers   []string // signed, in order
	value     string
}

const algorithm = "AWS4-HMAC-SHA256"

// ParseSignature reads an Authorization header. It tells whether there is a whole signature in it.
func ParseSignature(header string) (Signature, bool) {
	rest, ok := strings.CutPrefix(header, algorithm+" ")
	if !ok {
		return Signature{}, false
	}
	var sig Signature
	for field := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		switch name {
		case "Credential":
			scope := strings.Split(value, "/")
			if len(scope) != 5 || scope[4] != "aws4_request" {
				return Signature{}, false
			}
			sig.AccessKey, sig.date, sig.Region, sig.Service = scope[0], scope[1], scope[2], scope[3]
		case "SignedHeaders":
			sig.headers = strings.Split(value, ";")
		case "Signature":
			sig.value = value
		}
	}
	return sig, sig.AccessKey != "" && sig.value != "" && slices.Contains(sig.headers, "host")
}

// leavesOut returns the name of an x-amz- header that is not signed, which each has to be.
func (sig Signature) leavesOut(r *http.Request) string {
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		if name := strings.ToLower(name); strings.HasPrefix(name, "x-amz-") && !slices.Contains(sig.headers, name) {
			return name
		}
	}
	return ""
}

// Verify tells whether the secret key made the signature of this request.
func (sig Signature) Verify(secret string, r *http.Request, body []byte) bool {
	canonical := sig.canonicalRequest(r, body)
	scope := strings.Join([]string{sig.date, sig.Region, sig.Service, "aws4_request"}, "/")
	date := r.Header.Get("X-Amz-Date")
	if !strings.HasPrefix(date, sig.date+"T") || sig.leavesOut(r) != "" {
		return false
	}
	toSign := strings.Join([]string{algorithm, date, scope, Hash([]byte(canonical))}, "\n")
	key := []byte("AWS4" + secret)
	for _, part := range []string{sig.date, sig.Region, sig.Service, "aws4_request"} {
		key = mac(key, part)
	}
	want := hex.EncodeToString(mac(key, toSign))
	return subtle.ConstantTimeCompare([]byte(want), []byte(sig.value)) == 1
}

// freshness is how far the time of a signature may be from AWS's.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
const freshness = 15 * time.Minute

// Fresh tells whether a request was signed now, give or take what AWS allows.
func (sig Signature) Fresh(r *http.Request, now time.Time) bool {
	signed, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	return err == nil && now.Sub(signed).Abs() <= freshness
}

func (sig Signature) canonicalRequest(r *http.Request, body []byte) string {
	var headers strings.Builder
	for _, name := range sig.headers {
		headers.WriteString(name + ":" + canonicalHeader(r, name) + "\n")
	}
	query := strings.ReplaceAll(r.URL.Query().Encode(), "+", "%20")
	path := (&url.URL{Path: r.URL.Path}).EscapedPath()
	return strings.Join([]string{r.Method, path, query, headers.String(), strings.Join(sig.headers, ";"), Hash(body)}, "\n")
}

func canonicalHeader(r *http.Request, name string) string {
	switch name {
	case "host":
		return r.Host
	case "content-length":
		return strings.TrimSpace(cmp.Or(r.Header.Get(name), Decimal(r.ContentLength)))
	}
	values := slices.Clone(r.Header.Values(name))
	for i, value := range values {
		values[i] = strings.Join(strings.Fields(value), " ")
	}
	return strings.Join(values, ",")
}

// Hash is a SHA-256 in hexadecimal digits.
func Hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func mac(key []byte, data string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(data))
	return h.Sum(nil)
}
