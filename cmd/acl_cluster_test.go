//go:build unix

package cmd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kstream/kafka/kafkatest"
)

// A user who is made here logs in with the password and may do what rules allow, as long
// as both are there; Kafka's own tools see the same.
func TestUserAndRights(t *testing.T) {
	t.Parallel()
	s, c := clusterStage(t, kafkatest.Options{Secure: true})
	s.create(1)
	s.numbers(0, 10)
	const user, password = "bob", "a secret of bob's"
	file := filepath.Join(s.dir, "password")
	if err := os.WriteFile(file, []byte(password), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(code int, input string, args ...string) *process {
		t.Helper()
		p := s.start(args...)
		p.feed(input)
		p.closeInput()
		p.wait(code)
		if strings.Contains(p.said()+p.printed(), password) {
			t.Errorf("%v shows the password", args)
		}
		return p
	}
	asBob := func(code int, mechanism string, args ...string) *process {
		t.Helper()
		open := s.brokers
		s.brokers = c.SecureBootstrap(kafkatest.SASLPlaintext)
		defer func() { s.brokers = open }()
		return run(code, "", append(args, "-X", "security.protocol=sasl_plaintext", "-X", "sasl.mechanism="+mechanism,
			"-X", "sasl.username="+user, "-X", "sasl.password=@file:"+file)...)
	}
	read := []string{"consume", s.topic, "-e", "-g", s.group}

	asBob(4, "SCRAM-SHA-256", read...) // nobody of that name
	run(0, password+"\n", "user", "set", user, "--mechanism", "scram-sha-256,scram-sha-512")
	if out := c.MustTool(t, "ConfigCommand", "--describe", "--entity-type", "users", "--entity-name", user); strings.Count(out, "iterations=4096") != 2 {
		t.Errorf("Kafka's tool does not see both passwords:\n%s", out)
	}
	asBob(4, "SCRAM-SHA-256", read...) // no right
	for _, args := range [][]string{{"acl", "list"}, {"user", "list"}, {"acl", "delete", "--all", "--yes"}, {"user", "delete", user, "--yes"}} {
		asBob(4, "SCRAM-SHA-512", args...).wantSaid(`(?m)^kstream: .* on .* is not allowed for User:`, 1)
	}

	run(0, "", "acl", "create", "--principal", "User:"+user, "--consumer", "--topic", s.topic, "--group", s.group)
	out := c.MustTool(t, "AclCommand", "--list", "--principal", "User:"+user)
	for _, want := range []string{"resourceType=TOPIC, name=" + s.topic, "resourceType=GROUP, name=" + s.group, "operation=READ", "operation=DESCRIBE"} {
		if !strings.Contains(out, want) {
			t.Errorf("Kafka's tool shows no %s:\n%s", want, out)
		}
	}
	for _, mechanism := range []string{"SCRAM-SHA-256", "SCRAM-SHA-512"} {
		p := asBob(0, mechanism, read...)
		if want := map[bool]int{true: 10, false: 0}[mechanism == "SCRAM-SHA-256"]; p.lines() != want {
			t.Errorf("%s: %d records, want %d", mechanism, p.lines(), want)
		}
	}
	asBob(4, "SCRAM-SHA-512", "produce", s.topic, "-k", "k", "--generate", "x", "-n", "1")
	asBob(4, "SCRAM-SHA-512", "topic", "delete", s.topic, "--yes")

	// one that denies goes before those that allow
	run(0, "", "acl", "create", "--principal", "User:"+user, "--deny", "--operation", "read", "--topic", s.topic[:4], "--prefix")
	asBob(4, "SCRAM-SHA-512", "consume", s.topic, "-e")
	run(0, "", "acl", "delete", "--deny", "--principal", "User:"+user, "--yes")
	asBob(0, "SCRAM-SHA-512", "consume", s.topic, "-e")

	// what Kafka's tool has made is found, and goes
	c.MustTool(t, "AclCommand", "--add", "--force", "--allow-principal", "User:"+user, "--operation", "Write", "--topic", s.topic)
	if p := run(0, "", "acl", "list", "--topic", s.topic, "--operation", "write"); p.lines() != 1 {
		t.Errorf("a rule of Kafka's tool is shown as\n%s", p.printed())
	}
	asBob(0, "SCRAM-SHA-512", "produce", s.topic, "-k", "k", "--generate", "x", "-n", "1")
	run(0, "", "acl", "delete", "--principal", "User:"+user, "--yes")
	if out := c.MustTool(t, "AclCommand", "--list", "--principal", "User:"+user); strings.Contains(out, "operation=") {
		t.Errorf("Kafka's tool still shows\n%s", out)
	}
	asBob(4, "SCRAM-SHA-512", read...)

	run(0, "", "user", "delete", user, "--mechanism", "scram-sha-256", "--yes")
	asBob(4, "SCRAM-SHA-256", "topic", "list").wantSaid(`(?m)^kstream: authentication: `, 1)
	asBob(0, "SCRAM-SHA-512", "topic", "list")
	run(0, "", "user", "delete", user, "--yes")
	asBob(4, "SCRAM-SHA-512", "topic", "list").wantSaid(`(?m)^kstream: authentication: `, 1)
}

// Brokers that check no rights say so, instead of an empty list.
func TestNoAuthorizer(t *testing.T) {
	t.Parallel()
	s, _ := clusterStage(t, kafkatest.Options{Properties: map[string]string{"authorizer.class.name": ""}})
	for _, args := range [][]string{
		{"acl", "list"},
		{"acl", "create", "--principal", "User:a", "--operation", "read", "--topic", "t"},
		{"acl", "delete", "--all", "--yes"},
	} {
		p := s.start(args...)
		p.wait(1)
		p.wantSaid(`(?m)^kstream: the brokers have no authorizer: `, 1)
		p.wantSaid(`(?m)^hint: authorizer\.class\.name `, 1)
	}
}
