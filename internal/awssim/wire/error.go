// SPDX-License-Identifier: MPL-2.0

package wire

import (
	"errors"
	"fmt"
	"net/http"
)

// ValidationError is how Auto Scaling, IAM and STS refuse a value.
func ValidationError(format string, args ...any) error {
	return BadRequest("ValidationError", format, args...)
}

// BadRequest is an error with the status 400.
func BadRequest(code, format string, args ...any) error {
	return Errorf(http.StatusBadRequest, code, format, args...)
}

// InvalidValue is how EC2 refuses a value.
func InvalidValue(param, value string) error {
	return BadRequest("InvalidParameterValue", "Value (%s) for parameter %s is invalid.", value, param)
}

// Error is an error as AWS sends it. Each protocol has its own document for it.
type Error struct {
	Status  int    // HTTP status
	Code    string // what smithy.APIError.ErrorCode returns
	Message string
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Errorf makes an error.
func Errorf(status int, code, format string, args ...any) *Error {
	return &Error{Status: status, Code: code, Message: fmt.Sprintf(format, args...)}
}

// AsError returns the error to send for any error of a handler.
func AsError(err error) *Error {
	if problem, ok := errors.AsType[*Error](err); ok {
		return problem
	}
	return Errorf(http.StatusInternalServerError, "InternalFailure", "%v", err)
}
