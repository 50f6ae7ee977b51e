package awssim

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"time"
)

// protocol is how a service reads calls and writes answers.
type protocol int

const (
	ec2Query protocol = iota // https://smithy.io/2.0/aws/protocols/aws-ec2-query-protocol.html
	awsQuery                 // https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
	awsJSON                  // https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
)

func (p protocol) unknownAction() string {
	if p == awsJSON {
		return "UnknownOperationException"
	}
	return "InvalidAction"
}

// dryRun is the refusal of a dry run that would have succeeded.
func (p protocol) dryRun() *apiError {
	if p == awsJSON {
		return errorf(http.StatusPreconditionFailed, "DryRunOperationException", "The request would have succeeded, but the DryRun option is set.")
	}
	return errorf(http.StatusPreconditionFailed, "DryRunOperation", "Request would have succeeded, but DryRun flag is set.")
}

// answer is what goes back to the client.
type answer struct {
	protocol  protocol
	namespace string
	action    string
	requestID string
	date      time.Time
	body      any
	problem   *apiError
	delay     time.Duration
	drop      bool // close the connection instead of answering
}

func requestID(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012x", n) }

func (a *answer) fail(err error) *answer {
	if err != nil {
		a.problem = asAPIError(err)
	}
	return a
}

func (a *answer) write(w http.ResponseWriter) {
	status, content := http.StatusOK, []byte(nil)
	if a.problem != nil {
		status, content = a.problem.status, a.errorDocument()
	} else {
		var err error
		if content, err = a.document(); err != nil {
			a.problem = errorf(http.StatusInternalServerError, "InternalFailure", "writing the answer: %v", err)
			status, content = a.problem.status, a.errorDocument()
		}
	}
	w.Header().Set("Date", a.date.Format(http.TimeFormat))
	w.Header().Set("X-Amzn-RequestId", a.requestID)
	w.Header().Set("Content-Type", "text/xml;charset=UTF-8")
	if a.protocol == awsJSON {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	}
	w.WriteHeader(status)
	_, _ = w.Write(content) // the client is gone; there is nobody to tell
}

func (a *answer) document() ([]byte, error) {
	if a.protocol == awsJSON {
		if a.body == nil {
			return []byte("{}"), nil
		}
		return json.Marshal(a.body)
	}
	inner, err := innerXML(a.body)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `<?xml version="1.0" encoding="UTF-8"?>`+"\n"+`<%sResponse xmlns=%q>`, a.action, a.namespace)
	if a.protocol == ec2Query {
		fmt.Fprintf(&b, "<requestId>%s</requestId>%s", a.requestID, inner)
	} else {
		fmt.Fprintf(&b, "<%[1]sResult>%[2]s</%[1]sResult><ResponseMetadata><RequestId>%[3]s</RequestId></ResponseMetadata>", a.action, inner, a.requestID)
	}
	fmt.Fprintf(&b, "</%sResponse>", a.action)
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

func (a *answer) errorDocument() []byte {
	code, message := escaped(a.problem.code), escaped(a.problem.message)
	switch a.protocol {
	case awsJSON:
		document, err := json.Marshal(map[string]string{"__type": a.problem.code, "message": a.problem.message})
		if err != nil {
			return []byte(`{"__type":"InternalFailure"}`)
		}
		return document
	case ec2Query:
		return fmt.Appendf(nil, `<?xml version="1.0" encoding="UTF-8"?>`+"\n"+
			"<Response><Errors><Error><Code>%s</Code><Message>%s</Message></Error></Errors><RequestID>%s</RequestID></Response>",
			code, message, a.requestID)
	default:
		fault := "Sender"
		if a.problem.status >= http.StatusInternalServerError {
			fault = "Receiver"
		}
		return fmt.Appendf(nil, "<ErrorResponse xmlns=%q><Error><Type>%s</Type><Code>%s</Code><Message>%s</Message></Error><RequestId>%s</RequestId></ErrorResponse>",
			a.namespace, fault, code, message, a.requestID)
	}
}

func escaped(s string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(s)) // a buffer does not fail
	return b.String()
}
