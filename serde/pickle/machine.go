package pickle

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"kstream/serde"
)

// machine executes a pickle without ever executing Python: containers are built,
// classes and calls are recorded. It does not recurse, checks every length against the
// bytes that are left, and keeps marks apart from values, so that none can be taken for
// the other.
type machine struct {
	data   string // a copy of the input, which strings and bytes of the result share
	pos    int
	op     int // where the current opcode starts
	proto  byte
	stack  []any
	marks  []int // heights of the stack at each MARK
	memo   memo
	limits serde.Limits

	pushed     int
	containers int
	buffers    int
	revisits   bool    // a container may have more than one way to it
	class      *global // the first that the model has no type for
	classes    int     // how many objects were recorded
}

var (
	errUnderflow = errors.New("the stack is empty")
	errNoMark    = errors.New("no mark on the stack")
	errOddItems  = errors.New("a key without a value")
	errNoSlot    = errors.New("nothing is stored there")
)

// run executes the whole pickle and returns the value that STOP leaves. pos is then the
// end of the pickle.
func (m *machine) run() (any, error) {
	for {
		m.op = m.pos
		if m.pos >= len(m.data) {
			return nil, m.fail(serde.ErrTruncated)
		}
		op := m.data[m.pos]
		m.pos++
		if op == opStop {
			v, err := m.pop()
			if err != nil {
				return nil, m.fail(err)
			}
			return v, nil
		}
		if err := m.step(op); err != nil {
			return nil, m.fail(err)
		}
		if m.pushed > m.limits.Items {
			return nil, m.fail(fmt.Errorf("more than %d values: %w", m.limits.Items, serde.ErrTooBig))
		}
	}
}

func (m *machine) fail(err error) error {
	if m.op < len(m.data) {
		if name := opName(m.data[m.op]); name != "" {
			err = fmt.Errorf("%s: %w", name, err)
		}
	}
	return &serde.DecodeError{Format: format, Offset: m.op, Err: err}
}

func (m *machine) step(op byte) error {
	switch op {
	case opMark:
		m.marks = append(m.marks, len(m.stack))
		return nil
	case opPop:
		if n := len(m.marks); n > 0 && m.marks[n-1] == len(m.stack) {
			m.marks = m.marks[:n-1]
			return nil
		}
		_, err := m.pop()
		return err
	case opPopMark:
		_, err := m.popMark()
		return err
	case opDup:
		v, err := m.top()
		if err != nil {
			return err
		}
		return m.pushAgain(v)

	case opNone:
		return m.push(nil)
	case opNewTrue:
		return m.push(true)
	case opNewFalse:
		return m.push(false)
	case opBinInt:
		return m.pushFixed(4, func(b string) any { return int64(int32(uint32Of(b))) })
	case opBinInt1:
		return m.pushFixed(1, func(b string) any { return int64(b[0]) })
	case opBinInt2:
		return m.pushFixed(2, func(b string) any { return int64(b[0]) | int64(b[1])<<8 })
	case opLong1, opLong4:
		return m.pushLong(op)
	case opInt, opLong:
		return m.pushTextInt(op)
	case opBinFloat:
		return m.pushFixed(8, func(b string) any {
			return math.Float64frombits(binary.BigEndian.Uint64([]byte(b)))
		})
	case opFloat:
		return m.pushTextFloat()

	case opString:
		return m.pushQuoted()
	case opBinString, opShortBinString:
		return m.pushCounted(op, python2Text)
	case opUnicode:
		return m.pushEscaped()
	case opBinUnicode, opShortBinUnicode, opBinUnicode8:
		return m.pushCounted(op, text)
	case opBinBytes, opShortBinBytes, opBinBytes8:
		return m.pushCounted(op, func(b string) (any, error) { return octets(b), nil })
	case opByteArray8:
		return m.pushCounted(op, func(b string) (any, error) {
			m.containers++
			return &node{kind: bytearray, items: []any{octets(b)}}, nil
		})
	case opNextBuffer:
		m.buffers++
		return m.push(buffer{index: m.buffers - 1})
	case opReadonlyBuffer:
		return m.readonly()

	case opEmptyList:
		return m.pushNode(list, nil)
	case opEmptyTuple:
		return m.pushNode(tuple, nil)
	case opEmptyDict:
		return m.pushNode(dict, nil)
	case opEmptySet:
		return m.pushNode(set, nil)
	case opList:
		return m.pushMarked(list)
	case opTuple:
		return m.pushMarked(tuple)
	case opDict:
		return m.pushMarked(dict)
	case opFrozenSet:
		return m.pushMarked(frozenset)
	case opTuple1, opTuple2, opTuple3:
		items, err := m.popN(int(op-opTuple1) + 1)
		if err != nil {
			return err
		}
		return m.pushNode(tuple, items)
	case opAppend, opAppends, opAddItems, opSetItem, opSetItems:
		return m.fill(op)

	case opGlobal, opStackGlobal, opExt1, opExt2, opExt4:
		return m.pushGlobal(op)
	case opPersID, opBinPersID:
		return m.pushPersistent(op)
	case opReduce, opNewObj, opNewObjEx, opInst, opObj:
		return m.pushObject(op)
	case opBuild:
		return m.build()

	case opPut, opBinPut, opLongBinPut, opMemoize:
		return m.store(op)
	case opGet, opBinGet, opLongBinGet:
		return m.load(op)
	case opProto, opFrame:
		return m.preamble(op)
	}
	return fmt.Errorf("0x%02x is no opcode", op)
}

// preamble reads the opcodes that only describe the bytes.
func (m *machine) preamble(op byte) error {
	if op == opProto {
		b, err := m.take(1)
		if err != nil {
			return err
		}
		if b[0] > 5 {
			return fmt.Errorf("protocol %d: %w", b[0], serde.ErrUnsupported)
		}
		m.proto = b[0]
		return nil
	}
	b, err := m.take(8)
	if err != nil {
		return err
	}
	if n := binary.LittleEndian.Uint64([]byte(b)); n > uint64(len(m.data)-m.pos) {
		return fmt.Errorf("%d bytes announced, %d left: %w", n, len(m.data)-m.pos, serde.ErrTruncated)
	}
	return nil
}

func (m *machine) push(v any) error {
	m.pushed++
	m.stack = append(m.stack, v)
	return nil
}

// pushAgain pushes what is, or was, on the stack already.
func (m *machine) pushAgain(v any) error {
	switch v.(type) {
	case *node, *object, *persistent:
		m.revisits = true
	}
	return m.push(v)
}

func (m *machine) pushNode(k kind, items []any) error {
	m.containers++
	return m.push(&node{kind: k, items: items})
}

func (m *machine) pushMarked(k kind) error {
	items, err := m.popMark()
	if err != nil {
		return err
	}
	if k == dict && len(items)%2 != 0 {
		return errOddItems
	}
	return m.pushNode(k, items)
}

func (m *machine) pushFixed(n int, read func(string) any) error {
	b, err := m.take(n)
	if err != nil {
		return err
	}
	return m.push(read(b))
}

// pushCounted pushes what read makes of the bytes after a length.
func (m *machine) pushCounted(op byte, read func(string) (any, error)) error {
	b, err := m.counted(op)
	if err != nil {
		return err
	}
	v, err := read(b)
	if err != nil {
		return err
	}
	return m.push(v)
}

// counted reads a length, whose size the opcode tells, and that many bytes.
func (m *machine) counted(op byte) (string, error) {
	width := 4
	switch op {
	case opShortBinString, opShortBinUnicode, opShortBinBytes, opLong1:
		width = 1
	case opBinUnicode8, opBinBytes8, opByteArray8:
		width = 8
	}
	b, err := m.take(width)
	if err != nil {
		return "", err
	}
	var n uint64
	for i := width - 1; i >= 0; i-- {
		n = n<<8 | uint64(b[i])
	}
	if (op == opBinString || op == opLong4) && n > math.MaxInt32 {
		return "", fmt.Errorf("negative length %d", int32(uint32(n)))
	}
	if n > uint64(len(m.data)-m.pos) {
		return "", fmt.Errorf("%d bytes announced, %d left: %w", n, len(m.data)-m.pos, serde.ErrTruncated)
	}
	return m.take(int(n))
}

// take returns the next n bytes.
func (m *machine) take(n int) (string, error) {
	if n > len(m.data)-m.pos {
		return "", serde.ErrTruncated
	}
	m.pos += n
	return m.data[m.pos-n : m.pos], nil
}

// floor returns the height that nothing below the last mark may be taken from.
func (m *machine) floor() int {
	if n := len(m.marks); n > 0 {
		return m.marks[n-1]
	}
	return 0
}

func (m *machine) top() (any, error) {
	if len(m.stack) <= m.floor() {
		return nil, errUnderflow
	}
	return m.stack[len(m.stack)-1], nil
}

func (m *machine) pop() (any, error) {
	v, err := m.top()
	if err != nil {
		return nil, err
	}
	m.stack = m.stack[:len(m.stack)-1]
	return v, nil
}

// popN takes the n topmost values into a slice of their own.
func (m *machine) popN(n int) ([]any, error) {
	from := len(m.stack) - n
	if from < m.floor() {
		return nil, errUnderflow
	}
	items := append([]any(nil), m.stack[from:]...)
	m.stack = m.stack[:from]
	return items, nil
}

// popMark takes all values above the last mark, and the mark, into a slice of their own.
func (m *machine) popMark() ([]any, error) {
	if len(m.marks) == 0 {
		return nil, errNoMark
	}
	items, err := m.popN(len(m.stack) - m.floor())
	m.marks = m.marks[:len(m.marks)-1]
	return items, err
}

func uint32Of(b string) uint32 {
	return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
}
