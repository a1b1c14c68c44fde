package tiktokshop

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"unicode/utf8"
)

// decoder reads JSON that is known to be valid into the wire types, in one
// pass. encoding/json reads the text of every type that has its own
// UnmarshalJSON several times over, and here each list of rows is one. What the
// decoder has no way of its own for is left to encoding/json.
type decoder struct {
	data []byte
	at   int
}

// plans keeps how types are read. The zero value is ready.
type plans struct{ byType sync.Map }

// plan is how one type is read.
type plan struct {
	way    way
	fields map[string]field // of an object
	elem   *plan            // of a list
	loose  bool             // a list that may also come as one object
	raw    bool             // the elements keep their text
}

type field struct {
	index int
	plan  *plan
}

type way int

const (
	byJSON   way = iota // by encoding/json
	byItself            // by its UnmarshalJSON
	asText
	asFlag
	asRaw
	asObject
	asList
)

// of returns the plan of a type.
func (p *plans) of(t reflect.Type) *plan {
	if known, ok := p.byType.Load(t); ok {
		return known.(*plan)
	}
	made := p.make(t, map[reflect.Type]*plan{})
	p.byType.Store(t, made)
	return made
}

// make works a plan out; under holds the types that are being worked out.
func (p *plans) make(t reflect.Type, under map[reflect.Type]*plan) *plan {
	if begun, ok := under[t]; ok {
		return begun
	}
	made := &plan{}
	under[t] = made
	switch {
	case t == reflect.TypeFor[json.RawMessage]():
		made.way = asRaw
	case t.Implements(reflect.TypeFor[interface{ oneOrMany() }]()):
		made.way, made.loose = asList, true
	case reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()):
		made.way = byItself
	case reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()):
		made.way = byJSON
	case t.Kind() == reflect.String:
		made.way = asText
	case t.Kind() == reflect.Bool:
		made.way = asFlag
	case t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8:
		made.way = asList
	case t.Kind() == reflect.Struct:
		made.way, made.fields = asObject, map[string]field{}
	}
	if made.way == asList {
		made.elem = p.make(t.Elem(), under)
		made.raw = reflect.PointerTo(t.Elem()).Implements(reflect.TypeFor[rawKeeper]())
	}
	for i := 0; made.way == asObject && i < t.NumField(); i++ {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-" || !f.IsExported():
		case f.Anonymous || name == "" || strings.Contains(options, "string"):
			made.way = byJSON
		default:
			made.fields[name] = field{i, p.make(f.Type, under)}
		}
	}
	return made
}

// decode reads valid JSON. What keeps its text keeps a part of data.
func (p *plans) decode(data []byte, into any) error {
	v := reflect.ValueOf(into).Elem()
	d := decoder{data: data}
	d.space()
	return d.value(v, p.of(v.Type()))
}

// valid checks the JSON before it reads it.
func (p *plans) valid(data []byte, into any) error {
	if !json.Valid(data) {
		return json.Unmarshal(data, into) // says what is wrong
	}
	return p.decode(data, into)
}

func (d *decoder) value(v reflect.Value, p *plan) error {
	switch p.way {
	case asObject:
		return d.object(v, p)
	case asList:
		return d.list(v, p)
	}
	text := d.skip()
	switch p.way {
	case asText:
		return readString(text, v)
	case asFlag:
		return readFlag(text, v)
	case asRaw:
		v.SetBytes(text)
		return nil
	case byItself:
		return v.Addr().Interface().(json.Unmarshaler).UnmarshalJSON(text)
	}
	return json.Unmarshal(text, v.Addr().Interface())
}

func (d *decoder) object(v reflect.Value, p *plan) error {
	if d.data[d.at] != '{' {
		return d.other("an object")
	}
	d.at++
	for d.space(); d.data[d.at] != '}'; d.space() {
		key := d.skip()
		key = key[1 : len(key)-1]
		if bytes.IndexByte(key, '\\') >= 0 {
			var plain string
			if err := json.Unmarshal(d.data[d.at-len(key)-2:d.at], &plain); err != nil {
				return err
			}
			key = []byte(plain)
		}
		d.space()
		d.at++ // the colon
		d.space()
		if f, ok := p.fields[string(key)]; !ok {
			d.skip()
		} else if err := d.value(v.Field(f.index), f.plan); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		if d.space(); d.data[d.at] == ',' {
			d.at++
		}
	}
	d.at++
	return nil
}

func (d *decoder) list(v reflect.Value, p *plan) error {
	one := p.loose && d.data[d.at] == '{'
	if !one {
		if d.data[d.at] != '[' {
			return d.other("a list")
		}
		d.at++
	}
	v.SetLen(0)
	for d.space(); one || d.data[d.at] != ']'; d.space() {
		n := v.Len()
		if n == v.Cap() {
			v.Grow(max(4, n))
		}
		v.SetLen(n + 1)
		row, start := v.Index(n), d.at
		row.SetZero()
		err := d.value(row, p.elem)
		switch {
		case err != nil && !p.raw:
			return err
		case err != nil: // one bad row does not cost a page: it is empty, and its JSON tells
			row.SetZero()
			d.at = start
			d.skip()
		}
		if p.raw {
			row.Addr().Interface().(rawKeeper).keepRaw(d.data[start:d.at:d.at])
		}
		if one {
			return nil
		}
		if d.space(); d.data[d.at] == ',' {
			d.at++
		}
	}
	d.at++
	if v.IsNil() {
		v.Set(reflect.MakeSlice(v.Type(), 0, 0))
	}
	return nil
}

// other is a value of another sort than wanted; null is none.
func (d *decoder) other(want string) error {
	text := d.skip()
	if string(text) == "null" {
		return nil
	}
	return fmt.Errorf("want %s, got %.20s", want, text)
}

// space goes to the next byte that is not white.
func (d *decoder) space() {
	for d.at < len(d.data) && d.data[d.at] <= ' ' {
		d.at++
	}
}

// skip goes behind the value and returns its text.
func (d *decoder) skip() []byte {
	start, data := d.at, d.data
	switch data[d.at] {
	case '"':
		d.at = behindText(data, d.at)
	case '{', '[':
		depth := 0
		for i := d.at; ; i++ {
			switch data[i] {
			case '"':
				i = behindText(data, i) - 1
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					d.at = i + 1
					return data[start:d.at:d.at]
				}
			}
		}
	default:
		for d.at < len(data) && data[d.at] != ',' && data[d.at] != '}' && data[d.at] != ']' && data[d.at] > ' ' {
			d.at++
		}
	}
	return data[start:d.at:d.at]
}

// behindText returns the index behind the JSON string that starts at i.
func behindText(data []byte, i int) int {
	for i++; data[i] != '"'; i++ {
		if data[i] == '\\' {
			i++
		}
	}
	return i + 1
}

// readString reads a JSON string; null leaves what is there.
func readString(text []byte, into reflect.Value) error {
	switch {
	case text[0] == '"' && bytes.IndexByte(text, '\\') < 0 && utf8.Valid(text):
		into.SetString(string(text[1 : len(text)-1]))
		return nil
	case text[0] == '"' || string(text) == "null":
		return json.Unmarshal(text, into.Addr().Interface())
	}
	return fmt.Errorf("want text, got %.20s", text)
}

// readFlag reads true or false; null leaves what is there.
func readFlag(text []byte, into reflect.Value) error {
	switch string(text) {
	case "true", "false":
		into.SetBool(text[0] == 't')
		return nil
	case "null":
		return nil
	}
	return fmt.Errorf("want true or false, got %.20s", text)
}
