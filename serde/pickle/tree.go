package pickle

// A decoded pickle is a graph of these Go types, which keep what Python could tell
// apart, identity included:
//
//	nil  bool  int64  *big.Int  float64   None, bool, int, float
//	string                                str
//	surrogates                            str with lone surrogates
//	octets                                bytes
//	*node                                 list, tuple, dict, set, frozenset, bytearray
//	*object                               anything that a call would have made
//	*global  extension                    classes and functions, by name and by code
//	*persistent  buffer                   what lives outside of the bytes

// surrogates is text in UTF-8 that also encodes surrogates, as Python's
// "surrogatepass" does. Text without any is always a string.
type surrogates string

// octets is Python's bytes. It shares memory with the copy of the input.
type octets string

type kind uint8

const (
	list kind = iota
	tuple
	dict
	set
	frozenset
	bytearray
)

func (k kind) String() string {
	switch k {
	case list:
		return "list"
	case tuple:
		return "tuple"
	case dict:
		return "dict"
	case set:
		return "set"
	case frozenset:
		return "frozenset"
	default:
		return "bytearray"
	}
}

// mutable reports whether two references to one container differ from references to
// two equal ones.
func (k kind) mutable() bool { return k != tuple && k != frozenset }

// node is a container. items holds the elements, of a dict its keys and values in
// turn, of a bytearray one octets.
type node struct {
	kind  kind
	flags flags
	items []any
}

// how says which opcode made an object.
type how uint8

const (
	call how = iota // REDUCE: class(*args)
	made            // NEWOBJ: class.__new__(class, *args)
	inst            // INST, OBJ: class(*args) of Python 2
	bare            // BUILD, APPEND, SETITEM on something that no call made
)

func (h how) String() string {
	switch h {
	case call:
		return "call"
	case made:
		return "new"
	case inst:
		return "inst"
	default:
		return "bare"
	}
}

// object records what loading would have called and then filled. Nothing is called.
type object struct {
	how     how
	flags   flags
	seen    int32 // elements of args[0] at the time of the call, if that is a list
	class   any   // mostly *global
	args    any   // mostly a tuple; nil when bare
	kwargs  any   // nil, or mostly a dict
	states  []any // of BUILD, nearly always at most one
	items   []any // of APPEND
	entries []any // of SETITEM: keys and values in turn
	meant   *meant
}

// see notes how much a call is passed: a list may grow later.
func (o *object) see() {
	args, _ := o.arguments()
	if len(args) == 0 {
		return
	}
	if l, ok := args[0].(*node); ok && l.kind == list {
		o.seen = int32(min(len(l.items), 1<<31-1))
	}
}

// arguments returns the positional arguments; ok is false when they are no tuple.
func (o *object) arguments() (args []any, ok bool) {
	t, ok := o.args.(*node)
	if !ok || t.kind != tuple {
		return nil, false
	}
	return t.items, true
}

// untouched reports whether nothing was added to o after the call.
func (o *object) untouched() bool {
	return o.kwargs == nil && o.states == nil && o.items == nil && o.entries == nil
}

// global is a class or function, never loaded. name may have dots (PEP 3154).
type global struct{ module, name string }

func (g *global) is(module, name string) bool { return g.module == module && g.name == name }

// isGlobal reports whether v is that class or function.
func isGlobal(v any, module, name string) bool {
	g, ok := v.(*global)
	return ok && g.is(module, name)
}

// extension is a class by its code in the copyreg registry of the writer.
type extension int64

// persistent is an object that the writer stored elsewhere under id.
type persistent struct{ id any }

// buffer is the index of an out-of-band buffer (PEP 574).
type buffer struct {
	index    int
	readonly bool
}

// flags are what survey finds out about a container.
type flags uint8

const (
	visiting flags = 1 << iota
	visited
	revisited
	carried    // visited as what another object is made of, not as a value
	recarried  // the same, again
	multiple   // reachable on more than one way
	identified // has to have a $id in lossless JSON
)
