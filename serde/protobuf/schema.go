package protobuf

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	// What an Any may hold though no file imports it.
	_ "google.golang.org/protobuf/types/known/anypb"
	_ "google.golang.org/protobuf/types/known/durationpb"
	_ "google.golang.org/protobuf/types/known/emptypb"
	_ "google.golang.org/protobuf/types/known/fieldmaskpb"
	_ "google.golang.org/protobuf/types/known/structpb"
	_ "google.golang.org/protobuf/types/known/timestamppb"
	_ "google.golang.org/protobuf/types/known/wrapperspb"
)

// schema is a file with all it imports, or a whole descriptor set. It may be shared by
// goroutines.
type schema struct {
	style      style
	files      *protoregistry.Files
	types      *dynamicpb.Types
	roots      []protoreflect.FileDescriptor // the file itself; all files of a set
	extensions map[protoreflect.FullName][]protoreflect.ExtensionDescriptor
	nesting    int // of messages in messages

	mu      sync.Mutex // held while tables are made
	tables  sync.Map   // of protoreflect.FullName to *message
	targets targets
}

// style is what the parameters of a SPEC say of the JSON.
type style struct {
	protoNames bool // of fields: as in the .proto
	numbers    bool // 64-bit integers are numbers
}

// newSchema links the files of set. root names the one that counts, empty for all but
// the standard ones.
func newSchema(set *descriptorpb.FileDescriptorSet, root string, s style) (*schema, error) {
	files, err := protodesc.NewFiles(set)
	if err != nil {
		return nil, err
	}
	sc := &schema{
		style: s, files: files, types: dynamicpb.NewTypes(files),
		extensions: map[protoreflect.FullName][]protoreflect.ExtensionDescriptor{},
	}
	for _, fd := range set.File {
		file, err := files.FindFileByPath(fd.GetName())
		if err != nil {
			return nil, err
		}
		if fd.GetName() == root || root == "" && !isStandard(fd.GetName()) {
			sc.roots = append(sc.roots, file)
		}
		sc.addExtensions(file.Extensions())
		sc.addNested(file.Messages(), 1)
	}
	return sc, nil
}

func (s *schema) addNested(list protoreflect.MessageDescriptors, depth int) {
	for i := range list.Len() {
		s.nesting = max(s.nesting, depth)
		s.addExtensions(list.Get(i).Extensions())
		s.addNested(list.Get(i).Messages(), depth+1)
	}
}

func (s *schema) addExtensions(list protoreflect.ExtensionDescriptors) {
	for i := range list.Len() {
		of := list.Get(i).ContainingMessage().FullName()
		s.extensions[of] = append(s.extensions[of], list.Get(i))
	}
}

// find returns the message of a full name; for an empty name the only one there is.
func (s *schema) find(name string) (protoreflect.MessageDescriptor, error) {
	if name != "" {
		d, err := s.files.FindDescriptorByName(protoreflect.FullName(strings.TrimPrefix(name, ".")))
		m, ok := d.(protoreflect.MessageDescriptor)
		if err != nil || !ok {
			return nil, fmt.Errorf("no message %s in the schema; it has %s", name, s.list())
		}
		return m, nil
	}
	names := s.names()
	if len(names) != 1 {
		return nil, fmt.Errorf("name the message; the schema has %s", s.list())
	}
	return s.find(names[0])
}

// names lists the messages that are in no other.
func (s *schema) names() []string {
	var names []string
	for _, file := range s.roots {
		for i := range file.Messages().Len() {
			names = append(names, string(file.Messages().Get(i).FullName()))
		}
	}
	return names
}

func (s *schema) list() string {
	const few = 8
	names := s.names()
	switch {
	case len(names) == 0:
		return "no message"
	case len(names) > few:
		names = append(slices.Clone(names[:few]), "…")
	}
	return shortened(strings.Join(names, ", "))
}

// shortened keeps both ends of a text that would fill a screen.
func shortened(text string) string {
	const ends = 120
	if len(text) <= 2*ends+3 {
		return text
	}
	return strings.ToValidUTF8(text[:ends], "") + "…" + strings.ToValidUTF8(text[len(text)-ends:], "")
}

// byURL returns the message that an Any holds, or nil.
func (s *schema) byURL(url []byte) *message {
	name := url
	for i := len(url) - 1; i >= 0; i-- {
		if url[i] == '/' {
			name = url[i+1:]
			break
		}
	}
	if t, ok := s.tables.Load(protoreflect.FullName(name)); ok {
		return t.(*message)
	}
	d, err := s.files.FindDescriptorByName(protoreflect.FullName(name))
	if err != nil {
		d, err = protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(name))
	}
	m, ok := d.(protoreflect.MessageDescriptor)
	if err != nil || !ok {
		return nil
	}
	return s.table(m)
}
