// SPDX-License-Identifier: MPL-2.0

// Package wire is what goes over the wire between an AWS client and AWS: forms, answers, errors and signatures.
package wire

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Timestamp is a time as EC2 writes it.
func Timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// Decimal writes a number.
func Decimal(n int64) string { return strconv.FormatInt(n, 10) }

// Protocol is how a service reads calls and writes answers.
type Protocol int

// The protocols.
const (
	EC2Query Protocol = iota // https://smithy.io/2.0/aws/protocols/aws-ec2-query-protocol.html
	Query                    // https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
	JSON                     // https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
)

// UnknownAction is the error code for an action that does not exist.
func (p Protocol) UnknownAction() string {
	if p == JSON {
		return "UnknownOperationException"
	}
	return "InvalidAction"
}

// DryRun is the refusal of a dry run that would have succeeded.
func (p Protocol) DryRun() *Error {
	if p == JSON {
		return Errorf(http.StatusPreconditionFailed, "DryRunOperationException", "The request would have succeeded, but the DryRun option is set.")
	}
	return Errorf(http.StatusPreconditionFailed, "DryRunOperation", "Request would have succeeded, but DryRun flag is set.")
}

// Answer is what goes back to the client.
type Answer struct {
	Protocol  Protocol
	Namespace string
	Action    string
	RequestID string
	Date      time.Time
	Body      any
	problem   *Error
	Delay     time.Duration
	Drop      bool  // close the connection instead of answering
	Cut       bool  // close it in the middle of the answer
	Instead   *Page // what somebody else answers
}

// Page is an answer that AWS does not give: a proxy's, or garbage.
type Page struct {
	Status      int
	ContentType string
	Body        string
}

// Fail makes it the answer to a call that failed, unless err is nil.
func (a *Answer) Fail(err error) *Answer {
	if err != nil {
		a.problem = AsError(err)
	}
	return a
}

// Write writes the answer, or the error, as the protocol has it. It panics with http.ErrAbortHandler to close the
// connection, as a handler does.
func (a *Answer) Write(w http.ResponseWriter) {
	switch {
	case a.Drop:
		panic(http.ErrAbortHandler)
	case a.Instead != nil:
		w.Header().Set("Content-Type", a.Instead.ContentType)
		w.WriteHeader(a.Instead.Status)
		_, _ = io.WriteString(w, a.Instead.Body) // the client is gone; there is nobody to tell
	default:
		a.write(w)
	}
}

func (a *Answer) write(w http.ResponseWriter) {
	status, content := http.StatusOK, []byte(nil)
	if a.problem != nil {
		status, content = a.problem.Status, a.errorDocument()
	} else {
		var err error
		if content, err = a.document(); err != nil {
			a.problem = Errorf(http.StatusInternalServerError, "InternalFailure", "writing the answer: %v", err)
			status, content = a.problem.Status, a.errorDocument()
		}
	}
	w.Header().Set("Date", a.Date.Format(http.TimeFormat))
	w.Header().Set("X-Amzn-RequestId", a.RequestID)
	w.Header().Set("Content-Type", "text/xml;charset=UTF-8")
	if a.Protocol == JSON {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	}
	if a.Cut {
		w.Header().Set("Content-Length", strconv.Itoa(len(content)))
		content = content[:len(content)/2]
	}
	w.WriteHeader(status)
	_, _ = w.Write(content) // the client is gone; there is nobody to tell
	if a.Cut {
		_ = http.NewResponseController(w).Flush() // it is cut off all the same
		panic(http.ErrAbortHandler)
	}
}

func (a *Answer) document() ([]byte, error) {
	if a.Protocol == JSON {
		if a.Body == nil {
			return []byte("{}"), nil
		}
		return json.Marshal(a.Body)
	}
	inner, err := innerXML(a.Body)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `<?xml version="1.0" encoding="UTF-8"?>`+"\n"+`<%sResponse xmlns=%q>`, a.Action, a.Namespace)
	if a.Protocol == EC2Query {
		fmt.Fprintf(&b, "<requestId>%s</requestId>%s", a.RequestID, inner)
	} else {
		fmt.Fprintf(&b, "<%[1]sResult>%[2]s</%[1]sResult><ResponseMetadata><RequestId>%[3]s</RequestId></ResponseMetadata>", a.Action, inner, a.RequestID)
	}
	fmt.Fprintf(&b, "</%sResponse>", a.Action)
	return b.Bytes(), nil
}

// innerXML marshals the fields of a struct without an element around them.
func innerXML(body any) ([]byte, error) {
	if body == nil {
		return nil, nil
	}
	var b bytes.Buffer
	encoder := xml.NewEncoder(&b)
	if err := encoder.EncodeElement(body, xml.StartElement{Name: xml.Name{Local: "x"}}); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(bytes.TrimPrefix(b.Bytes(), []byte("<x>")), []byte("</x>")), nil
}

func (a *Answer) errorDocument() []byte {
	code, message := escaped(a.problem.Code), escaped(a.problem.Message)
	switch a.Protocol {
	case JSON:
		document, err := json.Marshal(map[string]string{"__type": a.problem.Code, "message": a.problem.Message})
		if err != nil {
			return []byte(`{"__type":"InternalFailure"}`)
		}
		return document
	case EC2Query:
		return fmt.Appendf(nil, `<?xml version="1.0" encoding="UTF-8"?>`+"\n"+
			"<Response><Errors><Error><Code>%s</Code><Message>%s</Message></Error></Errors><RequestID>%s</RequestID></Response>",
			code, message, a.RequestID)
	default:
		fault := "Sender"
		if a.problem.Status >= http.StatusInternalServerError {
			fault = "Receiver"
		}
		return fmt.Appendf(nil, "<ErrorResponse xmlns=%q><Error><Type>%s</Type><Code>%s</Code><Message>%s</Message></Error><RequestId>%s</RequestId></ErrorResponse>",
			a.Namespace, fault, code, message, a.RequestID)
	}
}

func escaped(s string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(s)) // a buffer does not fail
	return b.String()
}
