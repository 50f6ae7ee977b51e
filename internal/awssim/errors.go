package awssim

import "fmt"

// apiError is an error as AWS sends it: the service's front end writes it in the protocol's own document.
type apiError struct {
	status  int    // HTTP status
	code    string // what smithy.APIError.ErrorCode returns
	message string
}

func (e *apiError) Error() string { return e.code + ": " + e.message }

// errorf is the one way to make an error document.
func errorf(status int, code, format string, args ...any) *apiError {
	return &apiError{status: status, code: code, message: fmt.Sprintf(format, args...)}
}
