package protobuf

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"kstream/serde"
	"kstream/serde/value"
	"kstream/serde/wire"
)

const format = "protobuf"

// Serde reads and writes records in Protobuf. It is safe for concurrent use.
type Serde struct {
	json   value.JSONOptions
	limits serde.Limits
	style  style
	dump   bool   // protobuf:?, without a schema
	ignore bool   // fields that the schema lacks, when writing
	name   string // of the message; empty: what the record says
	source wire.Source[*schema]
	writer *wire.Writer

	protoPath []string // for what schemas of the registry import and do not refer to
	files     func(name string) ([]byte, error)

	local  *schema // of protobuf:FILE, or nil
	target *target // in local
	texts  texts   // of local

	renderers sync.Pool // of *renderer, for their memory
}

// New makes the serde of a SPEC: "protobuf" takes schemas from the registry by the
// frame of each record, "protobuf:FILE#MESSAGE" is a .proto file or a descriptor set,
// without a frame, "protobuf:?" needs no schema. The parameters are names=json|proto
// and ints=string|number. Of o it uses Registry, Files, ProtoPath, Message, JSONMode,
// JSONInts, SchemaID, SubjectStrategy, SchemaIDIn, AutoRegister and Limits. A message
// in the SPEC goes before Message.
func New(spec serde.Spec, o serde.Options) (serde.Serde, error) {
	s := &Serde{json: o.JSON(), limits: o.Limits.OrDefaults(), dump: spec.Argument == "?", ignore: o.IgnoreUnknown}
	if err := s.style.parse(spec); err != nil {
		return nil, err
	}
	s.protoPath, s.files = o.ProtoPath, o.Files
	s.source.Registry, s.source.Type, s.source.Parse = o.Registry, "PROTOBUF", s.parse
	var file string
	if !s.dump {
		file, s.name = splitArgument(spec.Argument)
	}
	if s.name == "" {
		s.name = o.Message
	}
	if file != "" {
		if err := s.load(file, o); err != nil {
			return nil, fmt.Errorf("%s: %w", format, err)
		}
	}
	var err error
	s.writer, err = wire.NewWriter(format, o, file != "" || s.dump)
	return s, err
}

// Params are the parameters of a SPEC.
func Params() []serde.Param {
	return []serde.Param{
		{Name: "names", Values: "json|proto", Help: "of fields: lowerCamelCase, or as in the .proto; json when left out"},
		{Name: "ints", Values: "string|number", Help: "64-bit integers; string when left out, as many readers of JSON would round numbers"},
	}
}

func (s *style) parse(spec serde.Spec) error {
	names, _ := spec.Param("names")
	ints, _ := spec.Param("ints")
	switch names {
	case "", "json":
	case "proto":
		s.protoNames = true
	default:
		return spec.Errorf("names=%s: want json or proto", names)
	}
	switch ints {
	case "", "string":
	case "number":
		s.numbers = true
	default:
		return spec.Errorf("ints=%s: want string or number", ints)
	}
	return nil
}

// splitArgument takes FILE#MESSAGE apart.
func splitArgument(argument string) (file, message string) {
	if i := strings.LastIndexByte(argument, '#'); i >= 0 {
		return argument[:i], argument[i+1:]
	}
	return argument, ""
}

// Name is "protobuf".
func (s *Serde) Name() string { return format }

func fault(at int, err error) error { return &serde.DecodeError{Format: format, Offset: at, Err: err} }

// parse makes a schema of the registry ready.
func (s *Serde) parse(ctx context.Context, text string, imports []wire.Import) (*schema, string, error) {
	files := map[string]string{registryFile: text}
	for _, i := range imports {
		files[i.Name] = i.Text
	}
	set, err := compile(ctx, registryFile, func(name string) (string, error) {
		if text, ok := files[name]; ok {
			return text, nil
		}
		if s.files == nil || len(s.protoPath) == 0 {
			return "", errors.New("the schema has no such reference")
		}
		text, err := search(serde.Options{Files: s.files}, s.protoPath, name)
		return string(text), err
	})
	if err != nil {
		return nil, "", errors.New(shortened(err.Error()))
	}
	sc, err := newSchema(set, registryFile, s.style)
	return sc, "", err
}

// registryFile is what the text of a schema of a registry is called in errors.
const registryFile = "schema"

// Decode reads one key or value. Numbers of the result are as in the JSON.
func (s *Serde) Decode(ctx context.Context, in serde.Input) (serde.Result, error) {
	json, r, err := s.render(ctx, nil, in)
	if err != nil {
		return serde.Result{}, err
	}
	if r.Value, err = value.ParseJSON(json, false, s.limits.Depth+1); err != nil {
		return serde.Result{}, fault(-1, err)
	}
	return r, nil
}

// AppendJSON appends the JSON of one key or value. See serde.JSONAppender.
func (s *Serde) AppendJSON(ctx context.Context, dst []byte, in serde.Input) ([]byte, serde.Result, error) {
	out, r, err := s.render(ctx, dst, in)
	if err != nil {
		return dst, serde.Result{}, err
	}
	json := out[len(dst):]
	if !(s.json.Mode == value.Lossless && bytes.Contains(json, []byte(`"$`))) && !(s.json.Ints != value.IntNumbers && (s.style.numbers || s.dump)) {
		return out, r, nil
	}
	v, err := value.ParseJSON(json, false, s.limits.Depth+1)
	if err == nil {
		out, err = value.AppendJSON(dst, v, s.json)
	}
	if err != nil {
		return dst, serde.Result{}, fault(-1, err)
	}
	return out, r, nil
}

// render appends the plain JSON of one key or value.
func (s *Serde) render(ctx context.Context, dst []byte, in serde.Input) ([]byte, serde.Result, error) {
	if len(in.Data) > s.limits.Bytes {
		return dst, serde.Result{}, fault(-1, serde.ErrTooBig)
	}
	if s.dump {
		return appendDump(dst, in.Data, s.limits)
	}
	o, err := s.open(ctx, in)
	if err != nil {
		return dst, serde.Result{}, err
	}
	r, _ := s.renderers.Get().(*renderer)
	if r == nil {
		r = &renderer{}
	}
	defer s.release(r)
	t := o.target
	out, err := s.run(r, &o, t.message, dst)
	if t.other == nil {
		return s.result(r, &o, out, t.info, "", err)
	}
	if err == nil && r.unknown == 0 {
		return s.result(r, &o, out, t.info, ambiguous(t.info, t.otherInfo), nil)
	}
	unknown := r.unknown
	if other, otherErr := s.run(r, &o, t.other, dst); otherErr == nil && (err != nil || r.unknown == 0) {
		return s.result(r, &o, other, t.otherInfo, ambiguous(t.otherInfo, t.info), nil)
	}
	out, err = s.run(r, &o, t.message, dst)
	r.unknown = unknown
	return s.result(r, &o, out, t.info, ambiguous(t.info, t.otherInfo), err)
}

func ambiguous(shown, other *serde.SchemaInfo) string {
	return fmt.Sprintf("the message indexes mean %s or %s, by how they are counted: shown as the first", shown.Name, other.Name)
}

// release keeps the memory of a renderer, unless that is much.
func (s *Serde) release(r *renderer) {
	const most = 4096
	if cap(r.runs) > most || cap(r.entries) > most {
		return
	}
	*r = renderer{runs: r.runs[:0], entries: r.entries[:0]}
	s.renderers.Put(r)
}

// run renders the message of o as m.
func (s *Serde) run(r *renderer, o *opened, m *message, dst []byte) ([]byte, error) {
	const pieces = 1 << 16
	*r = renderer{
		schema: o.schema, dst: dst, data: o.data, limit: len(dst) + s.limits.Output, maxDepth: s.limits.Depth,
		room: pieces + 16*len(o.data), runs: r.runs[:0], entries: r.entries[:0],
	}
	err := r.message(m, o.body, len(o.data), 0)
	if err == nil && len(r.dst) > r.limit {
		err = r.fault(len(o.data), serde.ErrTooBig)
	}
	if err != nil {
		if r.moved || o.skipped.Kind == serde.FrameGlue { // or it may have been compressed
			r.at = -1
		}
		return dst, fault(r.at, err)
	}
	return r.dst, nil
}

// result adds what a reader should know.
func (s *Serde) result(r *renderer, o *opened, out []byte, info *serde.SchemaInfo, note string, err error) ([]byte, serde.Result, error) {
	if err != nil {
		return out, serde.Result{}, err
	}
	result := serde.Result{Format: format, Schema: info, Skipped: o.skipped}
	if note != "" {
		result.Notes = append(result.Notes, note)
	}
	for _, n := range []struct {
		count int
		text  string
	}{
		{r.unknown, "fields that the schema lacks: "},
		{r.opaque, "Any of an unknown type, shown as bytes: "},
		{r.badText, "strings that are no UTF-8: "},
	} {
		if n.count > 0 {
			result.Notes = append(result.Notes, fmt.Sprint(n.text, n.count))
		}
	}
	return out, result, nil
}

// opened is a record whose frame is understood: its message is data[body:].
type opened struct {
	schema  *schema
	target  *target
	data    []byte
	body    int
	skipped serde.Frame
}

// open finds the schema of a record, the message, and where its bytes begin.
func (s *Serde) open(ctx context.Context, in serde.Input) (opened, error) {
	if s.local != nil && !s.writer.Registers() {
		o := opened{schema: s.local, target: s.target}
		o.data, o.body, o.skipped = skipFrame(in.Data, s.local, s.limits)
		return o, nil
	}
	f, err := wire.ReadFrame(format, in, true)
	if err != nil {
		return opened{}, err
	}
	l := s.source.Have(f)
	if l == nil {
		if l, err = s.source.Of(ctx, format, f, s.writer.Subject(in.Topic, in.Part, s.name)); err != nil {
			return opened{}, err
		}
	}
	list := in.Data[f.Body:]
	if f.Header && len(f.Tail) > 0 {
		list = f.Tail
	}
	t, size, err := s.lookUp(l, list)
	if err != nil {
		at := f.Body
		if f.Header {
			at = -1
		}
		return opened{}, fault(at, err)
	}
	if f.Header && len(f.Tail) > 0 {
		size = 0
	}
	return opened{schema: l.Schema, target: t, data: in.Data, body: f.Body + size}, nil
}

// lookUp finds the message that the indexes at the start of list mean, and says how
// long those are. Where the message is given, there need be none.
func (s *Serde) lookUp(l *wire.Loaded[*schema], list []byte) (*target, int, error) {
	known := &l.Schema.targets
	if s.name != "" {
		size := skipIndexes(list, l.Schema, false)
		if t, ok := known.find(nil); ok {
			return t, size, nil
		}
		m, err := l.Schema.find(s.name)
		if err != nil {
			return nil, 0, err
		}
		t := &target{message: l.Schema.table(m), info: named(&l.Info, m)}
		known.add(nil, t)
		return t, size, nil
	}
	size := indexesSize(list)
	if t, ok := known.find(list[:size]); ok {
		return t, size, nil
	}
	indexes, size, err := readIndexes(list)
	if err != nil {
		return nil, 0, fmt.Errorf("message indexes: %w", err)
	}
	t, err := l.Schema.target(indexes, &l.Info)
	if err != nil {
		return nil, 0, err
	}
	known.add(list[:size], t)
	return t, size, nil
}
