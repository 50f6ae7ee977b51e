package iampolicy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// Parse reads a document of the given kind. Its error has every reason at once.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
func Parse(kind Kind, document []byte) (*Document, error) {
	var raw struct {
		Version   string
		ID        string `json:"Id"`
		Statement oneOrMany[rawStatement]
	}
	if err := decodeStrictly(document, &raw); err != nil {
		return nil, fmt.Errorf("reading the %s: %w", kind, err)
	}
	var errs []error
	if raw.Version != "" && !slices.Contains([]string{"2012-10-17", "2008-10-17"}, raw.Version) {
		errs = append(errs, fmt.Errorf("version %q is unknown: there are 2012-10-17 and 2008-10-17", raw.Version))
	}
	if len(raw.Statement) == 0 {
		errs = append(errs, errors.New("there is no statement"))
	}
	d := &Document{kind: kind, raw: bytes.Clone(document)}
	for i, rs := range raw.Statement {
		s, problems := rs.parse(kind)
		for _, problem := range problems {
			errs = append(errs, fmt.Errorf("statement %d (%q): %w", i+1, rs.Sid, problem))
		}
		s.index = i + 1
		d.statements = append(d.statements, s)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("reading the %s: %w", kind, err)
	}
	return d, nil
}

// JSON returns the document, with the unique ids of bound principals that exist no more in place of their ARNs if
// it was made by Bind.
func (d *Document) JSON() []byte { return bytes.Clone(d.raw) }

func decodeStrictly(document []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more after the document")
	}
	return nil
}

// oneOrMany reads an element that may stand alone or in a list.
type oneOrMany[T any] []T

func (l *oneOrMany[T]) UnmarshalJSON(data []byte) error {
	data = bytes.TrimSpace(data)
	if bytes.HasPrefix(data, []byte("[")) {
		var many []json.RawMessage
		if err := json.Unmarshal(data, &many); err != nil {
			return err
		}
		*l = make(oneOrMany[T], len(many))
		for i, element := range many {
			if err := decodeStrictly(element, &(*l)[i]); err != nil {
				return err
			}
		}
		return nil
	}
	*l = make(oneOrMany[T], 1)
	return decodeStrictly(data, &(*l)[0])
}

// text reads a string; in conditions numbers and booleans stand for their text.
type text string

func (t *text) UnmarshalJSON(data []byte) error {
	switch {
	case len(data) > 0 && data[0] == '"':
		return json.Unmarshal(data, (*string)(t))
	case bytes.ContainsAny(data, "{["), string(data) == "null":
		return fmt.Errorf("%s is not a string", data)
	default:
		*t = text(data)
		return nil
	}
}

func stringsOf(values oneOrMany[text]) []string {
	result := make([]string, len(values))
	for i, value := range values {
		result[i] = string(value)
	}
	return result
}
