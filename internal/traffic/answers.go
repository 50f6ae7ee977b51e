// SPDX-License-Identifier: MPL-2.0

package traffic

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"strings"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
)

// checked reads an answer to its end, and makes an error of one that is not AWS's, not all of it, or another call's. A proxy's page
// with the status 200 would else count as the success of a call whose answer has no content, and the SDK does not look at
// the answer of a call that has no output. It stands next to the connection, before anything else reads the answer.
func checked(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
	out, metadata, err := next.HandleDeserialize(ctx, in)
	request, asked := in.Request.(*smithyhttp.Request)
	response, answered := out.RawResponse.(*smithyhttp.Response)
	if err != nil || !asked || !answered {
		return out, metadata, err
	}
	body, err := readAll(response)
	_ = response.Body.Close() // all that can be read has been
	response.Body = io.NopCloser(bytes.NewReader(body))
	return out, metadata, judgeAnswer(request, response, awsmiddleware.GetOperationName(ctx), body, err)
}

// longest is how much room is made for an answer that says how long it is, before any of it is there.
const longest = 64 << 10

func readAll(response *smithyhttp.Response) ([]byte, error) {
	var body bytes.Buffer
	body.Grow(int(min(max(0, response.ContentLength), longest)) + bytes.MinRead) // that much it wants to have left at the end
	_, err := body.ReadFrom(response.Body)
	return body.Bytes(), err
}

// judgeAnswer tells what is wrong with an answer of which so much could be read. What AWS refuses a call with is read by the SDK: of
// that only the beginning counts, which shows whose it is.
func judgeAnswer(request *smithyhttp.Request, response *smithyhttp.Response, operation string, body []byte, broken error) error {
	success := response.StatusCode >= http.StatusOK && response.StatusCode < http.StatusMultipleChoices
	asJSON := strings.Contains(request.Header.Get("Content-Type"), "json")
	begin := body[:min(len(body), diagnose.BodyLimit)]
	switch {
	case broken == nil && success && !asJSON && isNamed(bytes.TrimSpace(body), operation+"Response"):
		return nil
	case (broken == nil || len(begin) == diagnose.BodyLimit) && !diagnose.Genuine(response.StatusCode, asJSON, string(begin)):
		return &diagnose.NotAWS{Status: response.StatusCode, Scheme: request.URL.Scheme, Host: request.URL.Host, Body: string(begin)}
	case broken != nil:
		return &smithy.DeserializationError{Err: fmt.Errorf("reading the answer: %w", broken)}
	case success && !isWhole(body, operation):
		return &smithy.DeserializationError{Err: fmt.Errorf("the answer is cut off, or not to %s: it begins with %.60q", operation, body)}
	default:
		return nil
	}
}

// isWhole tells whether an answer ends as it should: the XML document of EC2, IAM, STS and Auto Scaling, which is named
// after the operation, or the JSON object of KMS, which may be missing where there is nothing to say.
func isWhole(body []byte, operation string) bool {
	body = bytes.TrimSpace(body)
	if len(body) == 0 || body[0] == '{' {
		return len(body) == 0 || json.Valid(body)
	}
	name := operation + "Response"
	if begins(body, name) {
		return isNamed(body, name)
	}
	for decoder := xml.NewDecoder(bytes.NewReader(body)); ; {
		token, err := decoder.RawToken()
		if err != nil {
			return false
		}
		if root, ok := token.(xml.StartElement); ok {
			return root.Name.Local == name && ends(body, name)
		}
	}
}

// isNamed tells whether an XML document is one element, as AWS's are.
func isNamed(body []byte, name string) bool { return begins(body, name) && ends(body, name) }

// begins tells whether an XML document begins with an element, as AWS's do. One that has more before it, comments say, it does not know.
func begins(body []byte, name string) bool {
	if rest, ok := bytes.CutPrefix(body, []byte("<?xml")); ok {
		_, body, _ = bytes.Cut(rest, []byte("?>"))
		body = bytes.TrimSpace(body)
	}
	rest, ok := bytes.CutPrefix(body, []byte("<"+name))
	return ok && len(rest) > 0 && bytes.IndexByte([]byte(" >/\t\r\n"), rest[0]) >= 0
}

// ends tells whether an XML document ends with an element, or is nothing but its tag.
func ends(body []byte, name string) bool {
	return bytes.HasSuffix(body, []byte("</"+name+">")) || bytes.HasSuffix(body, []byte("/>"))
}

// members refuses an answer that lacks what it is asked for.
func (t *Traffic) members(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
	out, metadata, err := next.HandleDeserialize(ctx, in)
	if err == nil && !t.options.Complete(out.Result) {
		err = &smithy.DeserializationError{Err: fmt.Errorf("the answer to %s lacks what AWS always puts into it", awsmiddleware.GetOperationName(ctx))}
	}
	return out, metadata, err
}
