package columns

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"sync"

	"kstream/output/whole"
)

// ErrExists is the error of an output that would replace a file.
var ErrExists = whole.ErrExists

// Defaults of Options, and what bounds the memory of a Dir.
const (
	DefaultRows  = 1_000_000
	DefaultBytes = 256 << 20

	firstRows  = 10_000    // at most so many decide the types
	firstBytes = 4 << 20   // or frames of so many bytes
	groupRows  = 100_000   // in a row group
	mostHeld   = 256 << 20 // bytes of frames that are not in a file yet
	mostOpen   = 128       // files that are being written
)

// Options are when a file is full. Zero values mean the defaults.
type Options struct {
	Rows  int64 // in a file
	Bytes int64 // of frames in a file, before they are compressed
	// Schemas returns the columns of a schema; if it is nil, types come from the rows alone.
	Schemas Schemas
}

// shapesKey is the name under which a file keeps the types that it was given, so that the
// next run goes on from them.
const shapesKey = "kstream.columns"

// tp is a partition of a topic.
type tp struct {
	topic     string
	partition int32
}

// Dir is a folder of Parquet files, one or more for each partition, called
// TOPIC-PARTITION-FIRST-LAST.parquet after the offsets in them.
type Dir struct {
	mu      sync.Mutex
	path    string
	root    *os.Root // nil: the folder is not there yet
	options Options
	ledgers map[tp]*ledger      // what files cover
	ids     map[string]string   // of topics, as far as they are known
	shapes  map[string]shapes   // of each topic
	newest  map[string]fileName // of each topic, whose types have not been asked yet
	files   map[tp]*parquetFile
	held    int64
	row     row
	err     error
}

// fileName is what the name of a file says.
type fileName struct {
	tp
	first, last int64
}

// OpenDir opens the folder path and reads which ranges its files cover. A folder that does
// not exist is made with its first file.
func OpenDir(path string, o Options) (*Dir, error) {
	if o.Rows <= 0 {
		o.Rows = DefaultRows
	}
	if o.Bytes <= 0 {
		o.Bytes = DefaultBytes
	}
	d := &Dir{
		path: path, options: o,
		ledgers: map[tp]*ledger{}, ids: map[string]string{}, shapes: map[string]shapes{}, newest: map[string]fileName{}, files: map[tp]*parquetFile{},
	}
	root, err := os.OpenRoot(path)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(filepath.Dir(filepath.Clean(path))); err != nil {
			return nil, fmt.Errorf("%s: %w", path, whole.Cause(err))
		}
		return d, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, whole.Cause(err))
	}
	d.root = root
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, whole.Cause(err)), root.Close())
	}
	for _, e := range entries {
		name, ok := parseName(e.Name())
		if !ok || !e.Type().IsRegular() {
			continue
		}
		d.learn(name)
		if have, ok := d.newest[name.topic]; !ok || have.last < name.last {
			d.newest[name.topic] = name
		}
	}
	return d, nil
}

// namePattern is the name of a file; topics are what Kafka allows.
var namePattern = regexp.MustCompile(`^([a-zA-Z0-9._-]{1,249})-([0-9]{1,10})-([0-9]{1,19})-([0-9]{1,19})\.parquet$`)

func parseName(name string) (fileName, bool) {
	m := namePattern.FindStringSubmatch(name)
	if m == nil {
		return fileName{}, false
	}
	partition, err := strconv.ParseInt(m[2], 10, 32)
	first, errFirst := strconv.ParseInt(m[3], 10, 64)
	last, errLast := strconv.ParseInt(m[4], 10, 64)
	if err != nil || errFirst != nil || errLast != nil || first > last {
		return fileName{}, false
	}
	return fileName{tp{m[1], int32(partition)}, first, last}, true
}

func (n fileName) String() string {
	return fmt.Sprintf("%s-%d-%d-%d.parquet", n.topic, n.partition, n.first, n.last)
}

// Write writes the rows of frames, which must be whole frames of Rows. The offsets of a
// partition must not decrease; rows that a file contains already are left out.
func (d *Dir) Write(frames []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err != nil {
		return 0, d.err
	}
	n, err := d.row.each(frames, d.add)
	d.err = err
	return n, err
}

// add writes a frame, which d.row has taken apart, to the file of its partition.
func (d *Dir) add(frame []byte) error {
	of := tp{string(d.row.topic), d.row.partition}
	f, l := d.files[of], d.ledger(of)
	there, from, err := d.place(of, l, d.row.offset)
	if there || err != nil {
		return err
	}
	if f != nil && (f.full(d.options) && d.row.offset > f.name.last || from > f.name.last) { // rows of one offset stay together
		if err := d.publish(f); err != nil {
			return err
		}
		f = nil
		if _, from, err = d.place(of, l, d.row.offset); err != nil {
			return err
		}
	}
	if f == nil {
		f = &parquetFile{dir: d, name: fileName{of, d.row.offset, d.row.offset}, from: from}
		if _, ok := parseName(f.name.String()); !ok {
			return fmt.Errorf("%s: no file can have this name: %q", d.path, f.name)
		}
		d.files[f.name.tp] = f
	}
	f.name.last = d.row.offset
	f.rows++
	f.bytes += int64(len(frame))
	f.held += int64(len(frame))
	d.held += int64(len(frame))
	if f.writer != nil {
		if err := f.write(&d.row); err != nil {
			return err
		}
	} else {
		f.frames = append(f.frames, frame...)
		if f.rows >= firstRows || len(f.frames) >= firstBytes {
			if err := d.begin(f); err != nil {
				return err
			}
		}
	}
	if f.held > 0 && f.writer != nil && f.rows-f.flushed >= groupRows {
		return f.flush()
	}
	if d.held >= mostHeld {
		return d.relieve()
	}
	return nil
}

// relieve writes out the partition that holds the most.
func (d *Dir) relieve() error {
	largest := slices.MaxFunc(d.open(), func(a, b *parquetFile) int { return cmp.Compare(a.held, b.held) })
	if largest.writer == nil {
		if err := d.begin(largest); err != nil {
			return err
		}
	}
	return largest.flush()
}

// open returns the files that are being written.
func (d *Dir) open() []*parquetFile {
	var files []*parquetFile
	for _, f := range d.files {
		files = append(files, f)
	}
	slices.SortFunc(files, func(a, b *parquetFile) int {
		return cmp.Or(cmp.Compare(a.name.topic, b.name.topic), cmp.Compare(a.name.partition, b.name.partition))
	})
	return files
}

// begin finds the types of a file and writes the rows that it holds.
func (d *Dir) begin(f *parquetFile) error {
	started := 0
	var fullest *parquetFile
	for _, other := range d.files {
		if other.writer != nil {
			if started++; fullest == nil || other.bytes > fullest.bytes {
				fullest = other
			}
		}
	}
	if started >= mostOpen {
		if err := d.publish(fullest); err != nil {
			return err
		}
	}
	found, err := shapesOf(f.frames, d.known(f.name.topic), d.options.Schemas)
	if err != nil {
		return err
	}
	d.shapes[f.name.topic] = found
	if err := f.start(found); err != nil {
		return err
	}
	var r row
	_, err = r.each(f.frames, func([]byte) error { return f.write(&r) })
	f.frames = nil
	return err
}

// make makes the folder, unless it is there.
func (d *Dir) make() error {
	if d.root != nil {
		return nil
	}
	err := os.Mkdir(d.path, 0o777)
	if err == nil || errors.Is(err, fs.ErrExist) {
		d.root, err = os.OpenRoot(d.path)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", d.path, whole.Cause(err))
	}
	return nil
}

// known returns the types of the files of a topic that there are.
func (d *Dir) known(topic string) shapes {
	if s, ok := d.shapes[topic]; ok {
		return s
	}
	if name, ok := d.newest[topic]; ok {
		if s, err := d.readShapes(name); err == nil {
			return s
		}
	}
	return newShapes()
}

// readShapes reads the types that a file was made with.
func (d *Dir) readShapes(name fileName) (shapes, error) {
	file, closes, err := d.openFile(name)
	if err != nil {
		return shapes{}, err
	}
	defer func() { _ = closes() }() // it was only read
	text, ok := file.Lookup(shapesKey)
	if !ok {
		return shapes{}, fs.ErrNotExist
	}
	s := newShapes()
	return s, json.Unmarshal([]byte(text), &s)
}

// publish finishes a file under its name and removes it from the open ones.
func (d *Dir) publish(f *parquetFile) error {
	if f.writer == nil {
		if err := d.begin(f); err != nil {
			return err
		}
	}
	delete(d.files, f.name.tp)
	if err := f.close(); err != nil {
		return err
	}
	d.ledger(f.name.tp).hold(stretch{f.from, f.name.last + 1})
	return nil
}

// Close finishes the files and renames them to their final names. After an error of Write
// it removes unfinished files instead; files that were full before stay.
func (d *Dir) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	err := d.err
	for _, f := range d.open() {
		if err == nil {
			err = d.publish(f)
		} else {
			f.remove()
		}
	}
	if errors.Is(err, d.err) { // Write has told
		err = nil
	}
	d.err = os.ErrClosed
	if d.root != nil {
		err = errors.Join(err, d.root.Close())
	}
	return err
}
