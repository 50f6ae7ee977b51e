// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strings"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
)

// onlyAWS makes an error of an answer that does not come from AWS: a proxy's page, whatever its status. Without it a page
// with the status 200 would count as the success of a call whose answer has no content. It stands next to the connection,
// before anything else reads the answer.
func onlyAWS(stack *middleware.Stack) error {
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("amishare:OnlyAWS",
		func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
			out, metadata, err := next.HandleDeserialize(ctx, in)
			request, asked := in.Request.(*smithyhttp.Request)
			response, answered := out.RawResponse.(*smithyhttp.Response)
			if err != nil || !asked || !answered {
				return out, metadata, err
			}
			return out, metadata, genuine(request, response)
		}), middleware.After)
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
	json := strings.Contains(request.Header.Get("Content-Type"), "json")
	if diagnose.Genuine(response.StatusCode, json, string(begin)) {
		return nil
	}
	return &diagnose.NotAWS{Status: response.StatusCode, Host: request.URL.Host, Body: string(begin)}
}
