//go:build unix

package kafkatest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// poll is the pause between two looks at a state that nobody announces.
const poll = 20 * time.Millisecond

// await calls done until it returns nil, ctx ends or dead returns an error, and
// then says what was still missing.
func await(ctx context.Context, dead, done func() error) error {
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		err := done()
		if err == nil {
			return nil
		}
		if err := dead(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		case <-tick.C:
		}
	}
}

// answers returns nil when the broker at addr answers a Metadata request, names
// a controller and knows the given number of live brokers. It speaks the
// protocol by hand, so that the harness shares no code with what it tests.
func answers(addr string, brokers int) error {
	conn, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(2 * time.Second)); err != nil {
		return err
	}
	// Metadata version 1: size, api key, version, correlation id, client id
	// (null), topics (empty: none).
	request := []byte{0, 0, 0, 14, 0, 3, 0, 1, 0, 0, 0, 7, 0xff, 0xff, 0, 0, 0, 0}
	if _, err := conn.Write(request); err != nil {
		return err
	}
	var head [8]byte
	if _, err := io.ReadFull(conn, head[:]); err != nil {
		return err
	}
	size := binary.BigEndian.Uint32(head[:])
	if size < 4 || size > 1<<20 {
		return fmt.Errorf("answer of %d bytes", size)
	}
	body := make([]byte, size-4)
	if _, err := io.ReadFull(conn, body); err != nil {
		return err
	}
	return checkMetadata(body, brokers)
}

// checkMetadata reads the body of a Metadata response of version 1.
func checkMetadata(b []byte, brokers int) error {
	errShort := errors.New("short metadata answer")
	if len(b) < 4 {
		return errShort
	}
	known := int(binary.BigEndian.Uint32(b))
	b = b[4:]
	for range known {
		if len(b) < 6 {
			return errShort
		}
		host := int(binary.BigEndian.Uint16(b[4:]))
		if len(b) < 6+host+6 {
			return errShort
		}
		b = b[6+host+4:]
		rack := max(0, int(int16(binary.BigEndian.Uint16(b))))
		if len(b) < 2+rack {
			return errShort
		}
		b = b[2+rack:]
	}
	if len(b) < 4 {
		return errShort
	}
	if controller := int32(binary.BigEndian.Uint32(b)); controller < 0 {
		return errors.New("no controller yet")
	}
	if known < brokers {
		return fmt.Errorf("%d of %d brokers are known", known, brokers)
	}
	return nil
}
