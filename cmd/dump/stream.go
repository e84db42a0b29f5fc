package dump

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// stream reads sections one after the other and checks that none is missing.
type stream struct {
	in      io.Reader
	at      int64 // bytes read
	number  uint32
	chain   uint32 // checksum of the headers of the blocks
	records int64
	blocks  uint32
	head    header
	bytes   [maxHeader]byte
	body    bytes.Buffer
}

// section reads a header and its body, which are valid until the next call. The body's
// checksum is right then, and so are number and place.
func (s *stream) section() (*header, []byte, error) {
	h, err := s.header()
	if err != nil {
		return nil, nil, err
	}
	if s.body.Cap() > 8*blockSize { // made for a huge record
		s.body = bytes.Buffer{}
	}
	s.body.Reset()
	n, err := io.CopyN(&s.body, s.in, int64(h.body)) // grows with what comes, not with what is claimed
	s.at += n
	switch {
	case errors.Is(err, io.EOF):
		return nil, nil, h.damage("", errTorn)
	case err != nil:
		return nil, nil, err
	case h.kind != kindEnd && checksum(s.body.Bytes()) != h.bodySum:
		return nil, nil, h.damage("", errSum)
	}
	return h, s.body.Bytes(), nil
}

// header reads the next header.
func (s *stream) header() (*header, error) {
	at, n := s.at, prefixSize
	err := s.read(s.bytes[:prefixSize])
	if err == nil {
		if n, err = headerLen(s.bytes[:prefixSize]); err != nil {
			n = headerSize // enough to tell a dump from something else
		}
		if readErr := s.read(s.bytes[prefixSize:n]); readErr != nil {
			err = readErr
		}
	}
	if err != nil && !errors.Is(err, errTorn) && !errors.Is(err, errNoHeader) {
		return nil, err
	}
	if err == nil {
		err = s.head.parse(s.bytes[:n])
	}
	if err != nil && s.number == 0 && binary.LittleEndian.Uint32(s.bytes[:]) != frameMagic && string(s.bytes[8:15]) != signature {
		return nil, ErrNotDump
	}
	if err == nil && (s.head.at != at || s.head.number != s.number) {
		err = fmt.Errorf("section %d of byte %d stands here", s.head.number, s.head.at)
	}
	if err != nil {
		return nil, &DamageError{Part: "section", Block: int(s.number), From: at, To: at + int64(max(n, headerSize)), Err: err}
	}
	s.number++
	if s.head.kind == kindBlock {
		s.chain = crc32.Update(s.chain, castagnoli(), s.bytes[:n])
		s.records += int64(s.head.records)
		s.blocks++
	}
	return &s.head, nil
}

// read fills data.
func (s *stream) read(data []byte) error {
	n, err := io.ReadFull(s.in, data)
	s.at += int64(n)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errTorn
	}
	return err
}

// end checks what stands behind the index: that nothing before it is missing, and that
// nothing follows.
func (s *stream) end(index int64) error {
	h, _, err := s.section()
	if err != nil {
		return err
	}
	if h.kind != kindEnd || h.body != 0 || h.first != index || h.last != s.records || h.records != s.blocks || h.bodySum != s.chain {
		return h.damage("", fmt.Errorf("%d records in %d blocks are not what was written: %d in %d", s.records, s.blocks, h.last, h.records))
	}
	switch err := s.read(s.bytes[:1]); {
	case err == nil:
		d := h.damage("", errExtra)
		d.From, d.To = d.To, s.at
		return d
	case !errors.Is(err, errTorn):
		return err
	}
	return nil
}
