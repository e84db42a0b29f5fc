package protocol

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kbin"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// server answers requests by hand. It is at each address.
type server struct {
	t     *testing.T
	conns atomic.Int32 // how many there were
	// answer gives what to write to a request, or false to close the connection.
	answer func(number int32, r kmsg.Request) ([]byte, bool)
}

func (s *server) dial(context.Context, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	s.conns.Add(1)
	go s.serve(theirs) // ends with the connection
	return ours, nil
}

func (s *server) serve(c net.Conn) {
	defer c.Close()
	for {
		var size [4]byte
		if _, err := io.ReadFull(c, size[:]); err != nil {
			return
		}
		body := make([]byte, binary.BigEndian.Uint32(size[:]))
		if _, err := io.ReadFull(c, body); err != nil {
			return
		}
		in := kbin.Reader{Src: body}
		r := kmsg.RequestForKey(in.Int16())
		r.SetVersion(in.Int16())
		number := in.Int32()
		in.NullableString()
		if r.IsFlexible() {
			kmsg.SkipTags(&in)
		}
		if err := r.ReadFrom(in.Src); err != nil {
			s.t.Errorf("%s: %v", nameOf(r), err)
			return
		}
		answer, ok := s.answer(number, r)
		if !ok {
			return
		}
		if _, err := c.Write(answer); err != nil {
			return
		}
	}
}

// encode is an answer as brokers write it.
func encode(number int32, r kmsg.Response) []byte {
	b := binary.BigEndian.AppendUint32(make([]byte, 4), uint32(number))
	if r.IsFlexible() && r.Key() != kmsg.ApiVersions.Int16() {
		b = append(b, 0)
	}
	b = r.AppendTo(b)
	binary.BigEndian.PutUint32(b, uint32(len(b)-4))
	return b
}

// usual is what a broker answers that knows all versions of all requests.
func usual(r kmsg.Request) kmsg.Response {
	answer := r.ResponseKind()
	switch answer := answer.(type) {
	case *kmsg.ApiVersionsResponse:
		for key := range int16(kmsg.MaxKey) {
			if one := kmsg.RequestForKey(key); one != nil {
				answer.ApiKeys = append(answer.ApiKeys, kmsg.ApiVersionsResponseApiKey{ApiKey: key, MaxVersion: one.MaxVersion()})
			}
		}
	case *kmsg.MetadataResponse:
		answer.Brokers = []kmsg.MetadataResponseBroker{{NodeID: 1, Host: "one", Port: 9092}}
		answer.ControllerID = -1
	}
	return answer
}

// fake is a client of a server that gives usual answers where answer gives false.
func fake(t *testing.T, cfg Config, answer func(number int32, r kmsg.Request) ([]byte, bool)) (*Client, *server) {
	t.Helper()
	s := &server{t: t}
	s.answer = func(number int32, r kmsg.Request) ([]byte, bool) {
		if answer != nil {
			if bytes, ok := answer(number, r); ok {
				return bytes, bytes != nil
			}
		}
		return encode(number, usual(r)), true
	}
	cfg.Seeds, cfg.Dial = []string{"seed:9092"}, s.dial
	c := New(cfg)
	t.Cleanup(c.Close)
	return c, s
}

func bounded(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// metadata is the request that most tests send.
func metadata(ctx context.Context, to Target) (*kmsg.MetadataResponse, error) {
	r := kmsg.NewPtrMetadataRequest()
	r.Topics = []kmsg.MetadataRequestTopic{}
	return r.RequestWith(ctx, to)
}
