package conversion

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"io"
	"slices"
)

// form is the first byte of everything that is kept. Another one is another
// encoding.
const form = 2

// packer compresses what is to be kept. It keeps its memory from one call to the
// next.
type packer struct {
	out    bytes.Buffer
	narrow *flate.Writer
}

func newPacker() *packer {
	p := &packer{}
	p.narrow, _ = flate.NewWriter(&p.out, flate.BestSpeed) // fails for unknown levels only
	return p
}

func (p *packer) pack(plain []byte) ([]byte, error) {
	p.out.Reset()
	p.out.WriteByte(form)
	p.narrow.Reset(&p.out)
	if _, err := p.narrow.Write(plain); err != nil {
		return nil, err
	}
	err := p.narrow.Close()
	return bytes.Clone(p.out.Bytes()), err
}

// unpacker is the inverse of packer. It keeps its memory from one call to the next.
type unpacker struct {
	in   bytes.Reader
	wide io.ReadCloser
	out  bytes.Buffer
}

// unpack gives what was packed, until the next call.
func (u *unpacker) unpack(packed []byte) ([]byte, error) {
	if len(packed) == 0 || packed[0] != form {
		return nil, errForm
	}
	u.in.Reset(packed[1:])
	if u.wide == nil {
		u.wide = flate.NewReader(&u.in)
	} else if err := u.wide.(flate.Resetter).Reset(&u.in, nil); err != nil {
		return nil, err
	}
	u.out.Reset()
	_, err := u.out.ReadFrom(u.wide)
	return u.out.Bytes(), err
}

// together are the figures by all dimensions.
func together(encoded map[Dimension][]byte) (all []byte) {
	for _, dimension := range Dimensions() {
		all = binary.AppendUvarint(all, uint64(len(encoded[dimension])))
	}
	for _, dimension := range Dimensions() {
		all = append(all, encoded[dimension]...)
	}
	return all
}

// oneOf takes the figures by one dimension from what together made.
func oneOf(all []byte, by Dimension) ([]byte, error) {
	d := decoder{rest: all}
	at, from, size := slices.Index(Dimensions(), by), uint64(0), uint64(0)
	for i := range Dimensions() {
		switch n := d.uvarint(); {
		case i < at:
			from += n
		case i == at:
			size = n
		}
	}
	if rest := uint64(len(d.rest)); d.failed || from > rest || size > rest-from {
		return nil, errForm
	}
	return d.rest[from : from+size], nil
}
