// SPDX-License-Identifier: MPL-2.0

package iampolicy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// value is a piece of JSON with all that a strict reader has to see: the order and the spelling of names, names that
// occur twice, and where a text stands.
type value struct {
	shape      shape
	text       string // of a text, number or boolean
	elements   []value
	members    []member
	start, end int // of a text in the document, with its quotes
}

type member struct {
	name  string
	value value
}

type shape string

const (
	isObject  shape = "an object"
	isList    shape = "a list"
	isText    shape = "a text"
	isNumber  shape = "a number"
	isBoolean shape = "a boolean"
	isNull    shape = "null"
)

// readJSON reads one JSON value. A name that occurs twice in an object is refused: readers disagree on which counts.
func readJSON(document []byte) (value, error) {
	var syntax json.RawMessage
	if err := json.Unmarshal(document, &syntax); err != nil {
		return value{}, err
	}
	r := jsonReader{document: document, decoder: json.NewDecoder(bytes.NewReader(document))}
	r.decoder.UseNumber()
	v := r.value()
	return v, errors.Join(r.errs...)
}

type jsonReader struct {
	document []byte
	decoder  *json.Decoder
	errs     []error
}

func (r *jsonReader) value() value {
	before := int(r.decoder.InputOffset())
	token, err := r.decoder.Token()
	if err != nil {
		r.errs = append(r.errs, err)
		return value{shape: isNull}
	}
	switch token := token.(type) {
	case json.Delim:
		if token == '{' {
			return r.object()
		}
		return r.list()
	case string:
		start := before + bytes.IndexByte(r.document[before:], '"')
		return value{shape: isText, text: token, start: start, end: int(r.decoder.InputOffset())}
	case json.Number:
		return value{shape: isNumber, text: token.String()}
	case bool:
		return value{shape: isBoolean, text: fmt.Sprint(token)}
	default:
		return value{shape: isNull}
	}
}

func (r *jsonReader) object() value {
	v := value{shape: isObject}
	for r.decoder.More() {
		name := r.value().text
		if slices.ContainsFunc(v.members, func(m member) bool { return m.name == name }) {
			r.errs = append(r.errs, fmt.Errorf("%q occurs twice in one object", name))
		}
		v.members = append(v.members, member{name, r.value()})
	}
	r.skipDelimiter()
	return v
}

func (r *jsonReader) list() value {
	v := value{shape: isList}
	for r.decoder.More() {
		v.elements = append(v.elements, r.value())
	}
	r.skipDelimiter()
	return v
}

func (r *jsonReader) skipDelimiter() {
	if _, err := r.decoder.Token(); err != nil {
		r.errs = append(r.errs, err)
	}
}

// oneOrMany returns what may stand alone or in a list.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html#policies-grammar-notes
func (v value) oneOrMany() []value {
	if v.shape == isList {
		return v.elements
	}
	return []value{v}
}

// texts returns the texts of a value that may be one or many. Besides texts it takes the given shapes.
func (v value) texts(name string, also ...shape) ([]string, []error) {
	var texts []string
	var errs []error
	for _, element := range v.oneOrMany() {
		if element.shape != isText && !slices.Contains(also, element.shape) {
			errs = append(errs, fmt.Errorf("%s is %s where a text is wanted", name, element.shape))
			continue
		}
		texts = append(texts, element.text)
	}
	if len(texts) == 0 && len(errs) == 0 {
		errs = append(errs, fmt.Errorf("%s is an empty list", name))
	}
	return texts, errs
}

// elements are the members of an object by name.
type elements map[string]value

// elementsOf returns the members, and an error for each that is not among the known ones. Names are case-sensitive here.
func (v value) elementsOf(what string, known ...string) (elements, []error) {
	if v.shape != isObject {
		return nil, []error{fmt.Errorf("%s is %s where an object is wanted", what, v.shape)}
	}
	found := elements{}
	var errs []error
	for _, m := range v.members {
		if !slices.Contains(known, m.name) {
			errs = append(errs, fmt.Errorf("%s has the unknown element %q", what, m.name))
			continue
		}
		found[m.name] = m.value
	}
	return found, errs
}

// text returns an element that is one text, or "" if it is absent.
func (e elements) text(name string) (string, []error) {
	v, ok := e[name]
	switch {
	case !ok:
		return "", nil
	case v.shape != isText:
		return "", []error{fmt.Errorf("%s is %s where a text is wanted", name, v.shape)}
	default:
		return v.text, nil
	}
}

// eitherOf reads an element that has a Not form, of which exactly one must be there.
func (e elements) eitherOf(name, notName string) (v value, not bool, errs []error) {
	positive, has := e[name]
	negative, hasNot := e[notName]
	switch {
	case has && hasNot:
		return positive, false, []error{fmt.Errorf("there are both %s and %s", name, notName)}
	case has:
		return positive, false, nil
	case hasNot:
		return negative, true, nil
	default:
		return value{}, false, []error{fmt.Errorf("there is neither %s nor %s", name, notName)}
	}
}
