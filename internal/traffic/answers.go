// SPDX-License-Identifier: MPL-2.0

package traffic

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
)

// onlyAWS makes an error of an answer that does not come from AWS: a proxy's page, whatever its status. Without it a page
// with the status 200 would count as the success of a call whose answer has no content. It stands next to the connection,
// before anything else reads the answer.
func onlyAWS(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
	out, metadata, err := next.HandleDeserialize(ctx, in)
	request, asked := in.Request.(*smithyhttp.Request)
	response, answered := out.RawResponse.(*smithyhttp.Response)
	if err != nil || !asked || !answered {
		return out, metadata, err
	}
	return out, metadata, genuine(request, response)
}

// genuine looks at how an answer begins, and leaves it whole.
func genuine(request *smithyhttp.Request, response *smithyhttp.Response) error {
	reader := bufio.NewReaderSize(response.Body, diagnose.BodyLimit)
	begin, err := reader.Peek(diagnose.BodyLimit)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil // a broken connection is told when the answer is read
	}
	response.Body = struct {
		io.Reader
		io.Closer
	}{reader, response.Body}
	asJSON := strings.Contains(request.Header.Get("Content-Type"), "json")
	if diagnose.Genuine(response.StatusCode, asJSON, string(begin)) {
		return nil
	}
	return &diagnose.NotAWS{Status: response.StatusCode, Scheme: request.URL.Scheme, Host: request.URL.Host, Body: string(begin)}
}

// whole refuses an answer that says that all went well and is not all of it, or is another call's. The SDK does not look at
// the answer of a call that has no output.
func whole(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
	out, metadata, err := next.HandleDeserialize(ctx, in)
	response, ok := out.RawResponse.(*smithyhttp.Response)
	if err != nil || !ok || response.StatusCode < 200 || response.StatusCode >= 300 {
		return out, metadata, err
	}
	body, err := io.ReadAll(response.Body)
	_ = response.Body.Close() // all that can be read has been
	response.Body = io.NopCloser(bytes.NewReader(body))
	switch {
	case err != nil:
		err = &smithy.DeserializationError{Err: fmt.Errorf("reading the answer: %w", err)}
	case !isWhole(body, awsmiddleware.GetOperationName(ctx)):
		err = &smithy.DeserializationError{Err: fmt.Errorf("the answer is cut off, or not to %s: it begins with %.60q", awsmiddleware.GetOperationName(ctx), body)}
	}
	return out, metadata, err
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
		return ends(body, name)
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
