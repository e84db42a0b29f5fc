//go:build unix

// Package postgrestest starts servers of PostgreSQL for tests, from the programs that
// distributions install.
package postgrestest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"kstream/kafka/kafkatest"
)

// User and Password are those of the superuser. Database is one that is there.
const (
	User     = "ada"
	Password = "pass word/@1"
	Database = "postgres"
)

// program finds one of PostgreSQL's: in PATH, or where Debian has those of servers.
func program(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name) // the pattern is right
	if len(found) == 0 {
		return "", fmt.Errorf("missing: %s (Debian package postgresql)", name)
	}
	slices.Sort(found)
	return found[len(found)-1], nil
}

// Available returns nil when this machine can run servers and psql, otherwise one line with what
// is missing.
func Available() error {
	for _, name := range []string{"initdb", "postgres", "psql"} {
		if _, err := program(name); err != nil {
			return err
		}
	}
	_, err := credential()
	return err
}

// credential is of whom the server runs as: it refuses to run as root.
func credential() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("nobody")
	if err != nil {
		return nil, errors.New("missing: the user nobody, as whom root could run PostgreSQL")
	}
	uid, first := strconv.Atoi(u.Uid)
	gid, second := strconv.Atoi(u.Gid)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, errors.Join(first, second)
}

// Server is a server with data in a folder of its own.
type Server struct {
	dir, address string
	as           *syscall.Credential
	cmd          *exec.Cmd
	done         chan struct{} // closed when the process has ended
}

// startLimit bounds the wait for a server.
const startLimit = time.Minute

// Start starts a server on a free port of this machine. Close it when done.
func Start(ctx context.Context) (_ *Server, err error) {
	s := &Server{}
	if s.as, err = credential(); err != nil {
		return nil, err
	}
	if s.address, err = kafkatest.FreeAddress(); err != nil {
		return nil, err
	}
	if s.dir, err = os.MkdirTemp("", "postgres-"); err != nil {
		return nil, err
	}
	if err := s.init(ctx); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Server) init(ctx context.Context) error {
	secret := filepath.Join(s.dir, "password")
	if err := os.WriteFile(secret, []byte(Password+"\n"), 0o644); err != nil {
		return err
	}
	if s.as != nil {
		if err := os.Chown(s.dir, int(s.as.Uid), int(s.as.Gid)); err != nil {
			return err
		}
	}
	path, err := program("initdb")
	if err != nil {
		return err
	}
	cmd := s.command(path, "-D", s.data(), "-U", User, "--pwfile", secret, "--auth", "scram-sha-256", "-E", "UTF8", "--locale", "C", "--no-sync")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	return s.Up(ctx)
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

func (s *Server) command(path string, args ...string) *exec.Cmd {
	cmd := exec.Command(path, args...)
	cmd.Dir = s.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.as, Setpgid: true}
	return cmd
}

// Up starts the server again and waits until it takes connections.
func (s *Server) Up(ctx context.Context) error {
	path, err := program("postgres")
	if err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(s.address)
	if err != nil {
		return err
	}
	s.cmd = s.command(path, "-D", s.data(), "-p", port, "-c", "listen_addresses="+host, "-c", "unix_socket_directories=", "-c", "fsync=off")
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	s.cmd.Stdout, s.cmd.Stderr = log, log
	if err := s.cmd.Start(); err != nil {
		return err
	}
	s.done = make(chan struct{})
	go func(cmd *exec.Cmd, done chan struct{}) { // ends with the server
		_ = cmd.Wait() // it was stopped, or Up says so
		close(done)
	}(s.cmd, s.done)
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	for {
		_, err := s.Ask(ctx, "SELECT 1")
		if err == nil {
			return nil
		}
		select {
		case <-s.done:
			text, _ := os.ReadFile(log.Name())
			return fmt.Errorf("postgres has ended: %s", text)
		case <-ctx.Done():
			return fmt.Errorf("postgres does not answer: %w", err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Crash stops the server at once, as a crash would: what was not committed is gone.
func (s *Server) Crash() {
	if s.cmd != nil && s.cmd.Process != nil && s.done != nil {
		_ = s.cmd.Process.Signal(syscall.SIGQUIT) // it may have ended
		<-s.done
	}
}

// Close stops the server and removes its data.
func (s *Server) Close() {
	s.Crash()
	_ = os.RemoveAll(s.dir) // in a folder of temporary files
}

// Address is HOST:PORT.
func (s *Server) Address() string { return s.address }

// Ask runs SQL with psql, and returns what it prints: a line for each row, with | between values.
func (s *Server) Ask(ctx context.Context, sql string) (string, error) {
	path, err := program("psql")
	if err != nil {
		return "", err
	}
	host, port, err := net.SplitHostPort(s.address)
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, path, "-h", host, "-p", port, "-U", User, "-d", Database, "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql)
	cmd.Env = append(os.Environ(), "PGPASSWORD="+Password, "PGCONNECT_TIMEOUT=5")
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = fmt.Errorf("psql: %w: %s", err, exit.Stderr)
	}
	return string(out), err
}
