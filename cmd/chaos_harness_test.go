//go:build unix

package cmd

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"kstream/kafka/embedded"
	"kstream/testdata/chaos"
	"kstream/testdata/kafka/kafkatest"
	"kstream/testdata/witness"
)

// soakVariable holds how often the tests of random moments repeat what they do.
const soakVariable = "KSTREAM_SOAK"

// soak is how often to repeat: often, unless the environment says otherwise.
func soak(t *testing.T, often int) int {
	t.Helper()
	text := os.Getenv(soakVariable)
	if text == "" {
		return often
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s=%s: want a number above 0", soakVariable, text)
	}
	return n
}

// quick lets an embedded broker lose members in a second instead of six.
func quick() map[string]string {
	return map[string]string{
		"group.min.session.timeout.ms":         "1000",
		"group.consumer.session.timeout.ms":    "1500",
		"group.consumer.heartbeat.interval.ms": "100",
	}
}

// stage is where a test plays: a cluster, a client that looks at it past kstream, and
// names that nobody else uses.
type stage struct {
	t            *testing.T
	brokers      string           // as kstream is told
	embedded     *embedded.Broker // nil on Apache Kafka
	witness      *witness.Client
	topic, group string
	dir          string
	session      []string // flags for the shortest session that the cluster allows
	processes    int
}

// newStage opens an embedded broker, or the shared Apache Kafka when there is one.
func newStage(t *testing.T) *stage {
	t.Helper()
	if brokers := realBrokers(); brokers != "" {
		s := stageAt(t, brokers, brokers)
		t.Cleanup(func() {
			ctx, cancel := inTime()
			defer cancel()
			if err := s.witness.DeleteTopics(ctx, s.topic); err != nil {
				t.Log("remove the test's topics: ", err)
			}
		})
		return s
	}
	return embeddedStage(t, embedded.Config{Configs: quick()})
}

func embeddedStage(t *testing.T, config embedded.Config) *stage {
	t.Helper()
	b, err := embedded.Start(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	direct := b.Addr()
	if config.Advertise != "" {
		direct = config.Listen
	}
	s := stageAt(t, b.Addr(), direct)
	s.embedded = b
	// The last because the embedded broker misses members that die in the middle of a join, and
	// may forget to answer one, for as long as a rebalance may take: Apache Kafka does not.
	s.session = []string{"-X", "session.timeout.ms=1500", "-X", "heartbeat.interval.ms=300", "-X", "max.poll.interval.ms=5000"}
	return s
}

// proxiedStage is an embedded broker that kstream reaches through a proxy only.
func proxiedStage(t *testing.T, config embedded.Config) (*stage, *chaos.Proxy) {
	t.Helper()
	listen, err := chaos.FreeAddr()
	if err != nil {
		t.Fatal(err)
	}
	p, err := chaos.New(listen)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	config.Listen, config.Advertise = listen, p.Addr()
	if config.Configs == nil {
		config.Configs = quick()
	}
	return embeddedStage(t, config), p
}

// clusterStage is an Apache Kafka of the test's own.
func clusterStage(t *testing.T, o kafkatest.Options) (*stage, *kafkatest.Cluster) {
	t.Helper()
	c := kafkatest.New(t, o)
	return stageAt(t, c.Bootstrap(), c.Internal()), c
}

func stageAt(t *testing.T, brokers, direct string) *stage {
	t.Helper()
	w, err := witness.Open(direct)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	unique := strings.ToLower(rand.Text()[:6])
	return &stage{
		t: t, brokers: brokers, witness: w, topic: "chaos-" + unique, group: "g-" + unique, dir: t.TempDir(),
		session: []string{"-X", "session.timeout.ms=6000"},
	}
}

// create makes the stage's topic.
func (s *stage) create(partitions int32, configs ...string) {
	s.t.Helper()
	ctx, cancel := inTime()
	defer cancel()
	if err := s.witness.CreateTopic(ctx, s.topic, partitions, configs...); err != nil {
		s.t.Fatal(err)
	}
}

// process is one kstream.
type process struct {
	*job
	s         *stage
	name      string
	out, errs string // files of stdout, unless it went elsewhere, and of stderr
	events    string // file of --events, when it is a member
}

// start runs kstream with its stdout in a file.
func (s *stage) start(args ...string) *process { return s.startTo(nil, args...) }

// startTo runs kstream. Its stdin is a pipe.
func (s *stage) startTo(stdout *os.File, args ...string) *process {
	s.t.Helper()
	path, err := exec.LookPath("kstream") // testscript puts the test binary there under this name
	if err != nil {
		s.t.Fatal(err)
	}
	s.processes++
	p := &process{s: s, name: fmt.Sprintf("%d (%s)", s.processes, args[0])}
	p.out = filepath.Join(s.dir, fmt.Sprint(s.processes, ".out"))
	p.errs = filepath.Join(s.dir, fmt.Sprint(s.processes, ".err"))
	p.events = filepath.Join(s.dir, fmt.Sprint(s.processes, ".events"))
	p.job = &job{cmd: exec.Command(path, args...), ended: make(chan struct{})}
	p.cmd.Args[0], p.cmd.Dir = "kstream", s.dir
	p.cmd.Env = []string{
		"GORACE=" + raceOptions,
		"KSTREAM_BROKERS=" + s.brokers, "HOME=" + s.dir, "XDG_CONFIG_HOME=" + s.dir, "XDG_CACHE_HOME=" + s.dir,
		"LC_ALL=C.UTF-8", "TZ=UTC", "PATH=" + os.Getenv("PATH"),
	}
	if stdout == nil {
		if stdout, err = os.Create(p.out); err != nil {
			s.t.Fatal(err)
		}
		defer stdout.Close()
	}
	stderr, err := os.Create(p.errs)
	if err != nil {
		s.t.Fatal(err)
	}
	defer stderr.Close()
	p.cmd.Stdout, p.cmd.Stderr = stdout, stderr
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		s.t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	go func() { // ends with the process, which the end of the test kills
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	s.t.Cleanup(p.kill)
	return p
}

// consume starts a group reader that prints PARTITION OFFSET VALUE lines.
func (s *stage) consume(members int, more ...string) *process {
	s.t.Helper()
	return s.start(s.reading(members, more...)...)
}

// reading are the arguments of consume.
func (s *stage) reading(members int, more ...string) []string {
	args := []string{"consume", s.topic, "--group", s.group, "--members", strconv.Itoa(members), "-o", `%p %o %v\n`}
	args = append(args, "--events", filepath.Join(s.dir, fmt.Sprint(s.processes+1, ".events")))
	return append(append(args, s.session...), more...)
}

// numbers writes the lines FROM…TO-1 to the topic and waits for the receipt.
func (s *stage) numbers(from, to int, more ...string) {
	s.t.Helper()
	p := s.start(append([]string{"produce", s.topic, "-K", ":"}, more...)...)
	var text bytes.Buffer
	for i := from; i < to; i++ {
		fmt.Fprintf(&text, "%d:%d\n", i, i)
	}
	p.feed(text.String())
	p.closeInput()
	p.wait(0)
}

func (p *process) feed(text string) {
	p.s.t.Helper()
	if _, err := io.WriteString(p.stdin, text); err != nil {
		p.s.t.Fatalf("feed %s: %v\n%s", p.name, err, p.said())
	}
}

func (p *process) closeInput() {
	p.s.t.Helper()
	if err := p.stdin.Close(); err != nil {
		p.s.t.Fatal(err)
	}
}

func (p *process) signal(sig syscall.Signal) {
	p.s.t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil {
		p.s.t.Fatalf("%s: %v\n%s", p.name, err, p.said())
	}
}

// said is what the process has written to stderr.
func (p *process) said() string {
	p.s.t.Helper()
	text, err := os.ReadFile(p.errs)
	if err != nil {
		p.s.t.Fatal(err)
	}
	return string(text)
}

// size is how much has reached stdout.
func (p *process) size() int64 {
	p.s.t.Helper()
	info, err := os.Stat(p.out)
	if err != nil {
		p.s.t.Fatal(err)
	}
	return info.Size()
}

// printed is what has reached stdout, without a line that a kill has cut.
func (p *process) printed() string {
	p.s.t.Helper()
	text, err := os.ReadFile(p.out)
	if err != nil {
		p.s.t.Fatal(err)
	}
	return string(text[:bytes.LastIndexByte(text, '\n')+1])
}

// lines counts what has reached stdout.
func (p *process) lines() int { return strings.Count(p.printed(), "\n") }

// await waits until done says true, and not for a process that has ended.
func (p *process) await(what string, done func() bool) {
	p.s.t.Helper()
	ctx, cancel := inTime()
	defer cancel()
	err := until(ctx, func() (bool, error) {
		if done() {
			return true, nil
		}
		select {
		case <-p.ended:
			if done() {
				return true, nil
			}
			return false, fmt.Errorf("it has ended: %w", cmpErr(p.err))
		default:
			return false, nil
		}
	})
	if err != nil {
		p.s.t.Fatalf("%s: no %s: %v; it said:\n%s", p.name, what, err, p.said())
	}
}

// cmpErr gives an error for an end without one.
func cmpErr(err error) error {
	if err == nil {
		return errors.New("exit status 0")
	}
	return err
}

func (p *process) awaitSaid(pattern string) {
	p.s.t.Helper()
	re := regexp.MustCompile(pattern)
	p.await(strconv.Quote(pattern), func() bool { return re.MatchString(p.said()) })
}

func (p *process) awaitLines(n int) {
	p.s.t.Helper()
	p.await(fmt.Sprint(n, " lines"), func() bool { return p.lines() >= n })
}

// wait waits for the end and wants an exit code, 128 and its number for a signal. It
// gives what was said.
func (p *process) wait(code int) string {
	p.s.t.Helper()
	ctx, cancel := inTime()
	defer cancel()
	select {
	case <-p.ended:
	case <-ctx.Done():
		p.s.t.Fatalf("%s still runs; it said:\n%s", p.name, p.said())
	}
	got := p.cmd.ProcessState.ExitCode()
	if status := p.cmd.ProcessState.Sys().(syscall.WaitStatus); status.Signaled() {
		got = 128 + int(status.Signal())
	}
	if got != code {
		p.s.t.Fatalf("%s: exit code %d, want %d; it said:\n%s", p.name, got, code, p.said())
	}
	return p.said()
}

// wantSaid wants a pattern n times in what was said.
func (p *process) wantSaid(pattern string, n int) {
	p.s.t.Helper()
	if got := len(regexp.MustCompile(pattern).FindAllString(p.said(), -1)); got != n {
		p.s.t.Errorf("%s: %q %d times, want %d; it said:\n%s", p.name, pattern, got, n, p.said())
	}
}

// tally counts how often each record was printed, by partition and offset and by value.
type tally struct {
	t       *testing.T
	offsets map[int32]map[int64]int
	values  map[string]int
	total   int
}

// count reads the PARTITION OFFSET VALUE lines of processes.
func count(t *testing.T, processes ...*process) *tally {
	t.Helper()
	c := &tally{t: t, offsets: map[int32]map[int64]int{}, values: map[string]int{}}
	for _, p := range processes {
		c.add(p.printed())
	}
	return c
}

func (c *tally) add(text string) {
	c.t.Helper()
	for line := range strings.Lines(text) {
		var partition int32
		var offset int64
		var value string
		if n, err := fmt.Sscan(line, &partition, &offset, &value); n != 3 {
			c.t.Fatalf("printed %q: %v", line, err)
		}
		if c.offsets[partition] == nil {
			c.offsets[partition] = map[int64]int{}
		}
		c.offsets[partition][offset]++
		c.values[value]++
		c.total++
	}
}

// wantNumbers wants each of the values 0…n-1, and nothing else; once when exactly.
func (c *tally) wantNumbers(n int, exactly bool) {
	c.t.Helper()
	missing, repeated := 0, 0
	for i := range n {
		switch k := c.values[strconv.Itoa(i)]; {
		case k == 0:
			missing++
		case k > 1:
			repeated++
		}
	}
	if missing > 0 || len(c.values) > n || exactly && repeated > 0 {
		c.t.Errorf("of %d records %d are missing and %d are repeated; %d different values", n, missing, repeated, len(c.values))
	}
}

// wantCommitted wants that nothing is committed that was not printed; and all that was,
// when all.
func (s *stage) wantCommitted(c *tally, all bool) {
	s.t.Helper()
	committed := s.committed()
	s.wantPrinted(committed, c)
	if !all {
		return
	}
	for number, offsets := range c.offsets {
		last := slices.Max(slices.Collect(maps.Keys(offsets)))
		if next := committed[witness.Partition{Topic: s.topic, Number: number}]; next != last+1 {
			s.t.Errorf("%s[%d]: committed %d, printed up to %d", s.topic, number, next, last)
		}
	}
}

// wantPrinted wants that all that was committed was printed. While members run, what
// they committed must have been asked for before what they printed was counted.
func (s *stage) wantPrinted(committed map[witness.Partition]int64, c *tally) {
	s.t.Helper()
	for p, next := range committed {
		for offset := range next {
			if c.offsets[p.Number][offset] == 0 {
				s.t.Errorf("%s[%d]: committed %d, and %d was never printed", p.Topic, p.Number, next, offset)
				break
			}
		}
	}
}

// committed asks until somebody answers: connections of the witness may have been cut too.
func (s *stage) committed() map[witness.Partition]int64 {
	s.t.Helper()
	ctx, cancel := inTime()
	defer cancel()
	var offsets map[witness.Partition]int64
	var failure error
	err := until(ctx, func() (bool, error) {
		offsets, failure = s.witness.Committed(ctx, s.group)
		return failure == nil, nil
	})
	if err != nil {
		s.t.Fatal(err, failure)
	}
	return offsets
}

// wantEmpty wants that the group has no members left.
func (s *stage) wantEmpty() {
	s.t.Helper()
	ctx, cancel := inTime()
	defer cancel()
	n, err := s.witness.Members(ctx, s.group)
	if err != nil {
		s.t.Fatal(err)
	}
	if n > 0 {
		s.t.Errorf("group %s has %d members left", s.group, n)
	}
}

// holds reads the file of --events: how many partitions each member has now.
func (p *process) holds() map[int]int {
	t := p.s.t
	t.Helper()
	text, err := os.ReadFile(p.events)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	held := map[int]int{}
	for line := range strings.Lines(string(text)) {
		var e memberEvent
		if !strings.HasSuffix(line, "\n") {
			break // half written
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		switch e.Event {
		case "assigned":
			held[e.Member] += len(e.Partitions)
		case "revoked", "lost":
			held[e.Member] -= len(e.Partitions)
		}
	}
	return held
}

// awaitHolds waits until each member of the process has so many partitions.
func (p *process) awaitHolds(want ...int) {
	p.s.t.Helper()
	p.await(fmt.Sprint(want, " partitions"), func() bool {
		held := p.holds()
		for i, n := range want {
			if held[i+1] != n {
				return false
			}
		}
		return true
	})
}

// wantOrder wants that the process has printed each partition in the order of its
// offsets, none twice.
func (p *process) wantOrder() {
	p.s.t.Helper()
	next := map[int32]int64{}
	for line := range strings.Lines(p.printed()) {
		var partition int32
		var offset int64
		if _, err := fmt.Sscan(line, &partition, &offset); err != nil {
			p.s.t.Fatalf("printed %q: %v", line, err)
		}
		if offset < next[partition] {
			p.s.t.Fatalf("%s: printed %q after offset %d", p.name, line, next[partition]-1)
		}
		next[partition] = offset + 1
	}
}

// stream feeds numbered lines to a producer at some thousand a second until stop, which
// gives how many there were once all are acknowledged.
func (s *stage) stream(more ...string) (stop func() int) {
	s.t.Helper()
	p := s.start(append([]string{"produce", s.topic, "-K", ":"}, more...)...)
	ctx, cancel := context.WithCancel(context.Background())
	fed := make(chan error, 1)
	n := 0
	go func() { // ends with stop, or with the producer, which the end of the test kills
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for ctx.Err() == nil {
			<-tick.C
			var text bytes.Buffer
			for range 20 {
				fmt.Fprintf(&text, "%d:%d\n", n, n)
				n++
			}
			if _, err := p.stdin.Write(text.Bytes()); err != nil {
				fed <- err
				return
			}
		}
		fed <- p.stdin.Close()
	}()
	s.t.Cleanup(cancel)
	return func() int {
		s.t.Helper()
		cancel()
		if err := <-fed; err != nil {
			s.t.Fatalf("feed %s: %v; it said:\n%s", p.name, err, p.said())
		}
		p.wait(0)
		return n
	}
}
