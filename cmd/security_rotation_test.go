//go:build unix

package cmd

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"testing"

	"kstream/kafka/kafkatest"
)

// A password that is replaced while readers, members and a producer run is looked up anew,
// and they go on; where there is no other they end with one line.
func TestRotation(t *testing.T) {
	t.Parallel()
	s, c := clusterStage(t, kafkatest.Options{Secure: true})
	s.create(2)
	const user = "rotated"
	file := filepath.Join(s.dir, "password")
	write := func(password string) {
		if err := os.WriteFile(file, []byte(password+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	direct, relogin := s.brokers, c.SecureBootstrap(kafkatest.Relogin)
	// replace gives the user a password at the brokers.
	replace := func(password string) {
		t.Helper()
		next := filepath.Join(s.dir, "next")
		if err := os.WriteFile(next, []byte(password), 0o600); err != nil {
			t.Fatal(err)
		}
		s.brokers = direct
		s.start("user", "set", user, "--mechanism", "scram-sha-256", "--password-file", next).wait(0)
	}
	login := func(password string) []string {
		return []string{"-b", relogin, "-X", "sasl.mechanism=SCRAM-SHA-256", "-X", "sasl.username=" + user, "-X", "sasl.password=" + password}
	}
	all := func(password string, more ...string) map[string]*process {
		with := func(args ...string) *process { return s.start(append(append(args, login(password)...), more...)...) }
		return map[string]*process{
			"reader":         with("consume", s.topic),
			"classic member": with("consume", s.topic, "-g", s.group+strconv.Itoa(s.processes)),
			"KIP-848 member": with("consume", s.topic, "-g", s.group+strconv.Itoa(s.processes), "--protocol", "consumer"),
			"producer":       with("produce", s.topic),
			"exactly once":   with("pipe", s.topic, s.topic+"-copy", "-g", s.group+strconv.Itoa(s.processes), "--exactly-once", "--create"),
		}
	}
	refused := `authentication: ` + regexp.QuoteMeta(relogin) + ` refuses user ` + user + ` by SCRAM-SHA-256: .*invalid credentials.*`
	replace("one")
	s.start("acl", "create", "--principal", "User:"+user, "--operation", "all", "--topic", "*", "--group", "*", "--transactional-id", "*", "--cluster").wait(0)
	s.numbers(0, 10)

	var running map[string]*process
	feed := func(line string, lines int) {
		t.Helper()
		running["producer"].feed(line + "\n")
		for name, p := range running {
			if name != "producer" && name != "exactly once" {
				p.awaitLines(lines)
			}
		}
	}

	write("one")
	running = all("@file:"+file, "--timeout", "3m")
	feed("before", 11)
	replace("two")
	for _, p := range running {
		p.awaitSaid(`no broker answers: `)
	}
	write("two")
	for _, p := range running {
		p.awaitSaid(`a broker answers again`)
	}
	feed("after", 12)
	for name, p := range running {
		if name != "producer" {
			p.signal(syscall.SIGINT)
		}
		p.closeInput()
		p.wait(0)
	}

	lines := 13
	for _, test := range []struct{ password, timeout, next string }{
		{"@file:" + file, "5s", "three"}, // looked up for so long
		{"three", "5m", "four"},          // there is no other to look for
	} {
		running = all(test.password, "--timeout", test.timeout)
		feed("another", lines)
		lines++
		replace(test.next)
		for name, p := range running {
			t.Log(name)
			p.wait(4)
			p.wantSaid(`(?m)^kstream: `, 1)
			p.wantSaid(`(?m)^kstream: .*`+refused+`$`, 1)
		}
	}
}

// A member that loses its right to the group, or to the topic, ends with the line that names it.
func TestMemberRightsRevoked(t *testing.T) {
	t.Parallel()
	s, c := clusterStage(t, kafkatest.Options{Secure: true})
	s.create(1)
	s.numbers(0, 10)
	const alice = "User:" + kafkatest.AliceUser
	direct, secured := s.brokers, c.SecureBootstrap(kafkatest.SASLPlaintext)
	rule := func(what string, on ...string) {
		t.Helper()
		s.brokers = direct
		args := append([]string{"acl", what, "--principal", alice, "--operation", "read"}, on...)
		if what == "delete" {
			args = append(args, "--yes")
		}
		s.start(args...).wait(0)
	}
	n := 10
	for _, protocol := range []string{"classic", "consumer"} {
		for _, lost := range []string{"group", "topic"} {
			t.Run(protocol+" "+lost, func(t *testing.T) {
				s.t = t
				group := s.group + protocol + lost
				rule("create", "--topic", s.topic)
				rule("create", "--group", group)
				name := map[string]string{"group": group, "topic": s.topic}[lost]
				p := s.start("consume", s.topic, "-b", secured, "-g", group, "--protocol", protocol, "-X", "sasl.mechanism=PLAIN",
					"-X", "sasl.username="+kafkatest.AliceUser, "-X", "sasl.password="+kafkatest.AlicePassword)
				p.awaitLines(n)
				rule("delete", "--"+lost, name)
				s.numbers(n, n+1)
				n++
				p.wait(4)
				p.wantSaid(`(?m)^kstream: member 1: READ on `+lost+` `+name+` is not allowed for `+alice+`$`, 1)
				p.wantSaid(`(?m)^hint: kstream acl create --principal `+alice+` --operation read --`+lost+` `+name+` allows it$`, 1)
			})
		}
	}
}

// Who has rights on transactional ids of a prefix can use exactly once.
func TestTransactionalIDPrefix(t *testing.T) {
	t.Parallel()
	s, c := clusterStage(t, kafkatest.Options{Secure: true})
	s.create(1)
	s.numbers(0, 10)
	const alice = "User:" + kafkatest.AliceUser
	for _, rule := range [][]string{
		{"--operation", "read", "--topic", s.topic, "--group", "team-g"},
		{"--operation", "write", "--transactional-id", "team-", "--prefix"},
		{"--operation", "all", "--topic", "copy", "--topic", "again", "--topic", "__kstream_progress"},
	} {
		s.start(append([]string{"acl", "create", "--principal", alice}, rule...)...).wait(0)
	}
	for _, topic := range []string{"copy", "again"} {
		s.start("topic", "create", topic, "--partitions", "1").wait(0)
	}
	login := []string{"-b", c.SecureBootstrap(kafkatest.SASLPlaintext), "-X", "sasl.mechanism=PLAIN", "-X", "sasl.username=" + kafkatest.AliceUser, "-X", "sasl.password=" + kafkatest.AlicePassword}
	run := func(code int, args ...string) *process {
		t.Helper()
		p := s.start(append(args, login...)...)
		p.wait(code)
		return p
	}
	pipe := []string{"pipe", s.topic, "copy", "-g", "team-g", "--exactly-once", "-e"}
	p := run(4, pipe...)
	p.wantSaid(`(?m)^kstream: .*WRITE on transactional id kstream-pipe-team-g-\S+-1 is not allowed for `+alice+`$`, 1)
	p.wantSaid(`(?m)^hint: kstream acl create --principal `+alice+` --operation write --transactional-id kstream-pipe-team-g- --prefix allows .*; --transactional-id-prefix `, 1)
	run(0, append(pipe, "--transactional-id-prefix", "team-")...)
	p = run(4, "replay", s.topic, "again", "--exactly-once", "--name", "n")
	p.wantSaid(`(?m)^kstream: .*WRITE on transactional id kstream-replay-n is not allowed for `+alice+`$`, 1)
	run(0, "replay", s.topic, "again", "--exactly-once", "--name", "n", "--transactional-id-prefix", "team-")
	for _, topic := range []string{"copy", "again"} {
		if p := run(0, "consume", topic, "-e"); p.lines() != 10 {
			t.Errorf("%d records in %s, want 10", p.lines(), topic)
		}
	}
	p = run(2, "replay", s.topic, "copy", "--transactional-id-prefix", "team-")
	p.wantSaid(`--transactional-id-prefix goes with --exactly-once or --redrive`, 1)
}
