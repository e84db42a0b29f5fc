//go:build unix

package kafkatest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// killLimit is how long a process may take to vanish after SIGKILL.
const killLimit = 30 * time.Second

// node is one broker process. Its exported fields are kept in the state file.
type node struct {
	Number     int               `json:"number"`
	Dir        string            `json:"dir"`
	Advertised string            `json:"advertised"`
	Internal   string            `json:"internal"`
	Secure     map[string]string `json:"secure,omitempty"` // listener name → address
	Pid        int               `json:"pid"`

	listen, controller string
	down               bool // killed on purpose
}

func (n *node) config() string { return filepath.Join(n.Dir, "server.properties") }
func (n *node) log() string    { return filepath.Join(n.Dir, "server.log") }

func (n *node) start(c *Cluster) error {
	log, err := os.OpenFile(n.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command("java", "-Xmx"+c.heap, "-Xms128m", "-XX:+UseG1GC",
		"-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Dorg.slf4j.simpleLogger.showDateTime=true",
		"-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
		"-cp", c.classpath, "kafka.Kafka", n.config())
	cmd.Dir, cmd.Stdout, cmd.Stderr = n.Dir, log, log
	cmd.SysProcAttr = processAttr(c.detach)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("node %d: %w", n.Number, err)
	}
	n.Pid, n.down = cmd.Process.Pid, false
	go cmd.Wait() //nolint:errcheck // only frees the process entry; died() and kill() look for themselves. Ends with the broker.
	return nil
}

// alive reports whether the node's process exists and is this node's: a process
// id that the system has given to somebody else is never touched.
func (n *node) alive() bool {
	if n.Pid == 0 || syscall.Kill(n.Pid, 0) != nil {
		return false
	}
	out, err := exec.Command("ps", "-ww", "-o", "args=", "-p", fmt.Sprint(n.Pid)).Output()
	return err == nil && bytes.Contains(out, []byte(n.config()))
}

// died returns nil while the process exists, otherwise the end of its log.
func (n *node) died() error {
	if syscall.Kill(n.Pid, 0) == nil {
		return nil
	}
	text, _ := os.ReadFile(n.log())
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return fmt.Errorf("the process has ended; its log ends:\n%s", strings.Join(lines[max(0, len(lines)-20):], "\n"))
}

func (n *node) signal(sig syscall.Signal) error {
	if !n.alive() {
		return fmt.Errorf("node %d does not run", n.Number)
	}
	if err := syscall.Kill(n.Pid, sig); err != nil {
		return fmt.Errorf("node %d: %w", n.Number, err)
	}
	return nil
}

// kill ends the process, if it runs, and returns when it is gone.
func (n *node) kill() error {
	n.down = true
	if !n.alive() {
		return nil
	}
	if err := n.signal(syscall.SIGKILL); err != nil {
		return err
	}
	return n.gone()
}

// gone waits until a process that has been told to end has ended.
func (n *node) gone() error {
	ctx, cancel := context.WithTimeoutCause(context.Background(), killLimit, fmt.Errorf("still there after %v", killLimit))
	defer cancel()
	return await(ctx, func() error { return nil }, func() error {
		if n.alive() {
			return fmt.Errorf("node %d, process %d", n.Number, n.Pid)
		}
		return nil
	})
}

// node returns the node with the given number, counted from 1.
func (c *Cluster) node(number int) (*node, error) {
	if number < 1 || number > len(c.nodes) {
		return nil, fmt.Errorf("no node %d, the cluster has 1 to %d", number, len(c.nodes))
	}
	return c.nodes[number-1], nil
}

// Kill ends a node, counted from 1, with SIGKILL: what it had not written is
// lost. It returns when the process is gone.
func (c *Cluster) Kill(number int) error {
	n, err := c.node(number)
	if err != nil {
		return err
	}
	return n.kill()
}

// Terminate ends a node with SIGTERM: it hands its partitions over first.
func (c *Cluster) Terminate(number int) error {
	n, err := c.node(number)
	if err != nil {
		return err
	}
	if err := n.signal(syscall.SIGTERM); err != nil {
		return err
	}
	n.down = true
	return n.gone()
}

// Restart starts a node that was killed or terminated, or kills it first, on
// the same addresses with what its disk holds, and returns when all running
// nodes know it again.
func (c *Cluster) Restart(ctx context.Context, number int) error {
	n, err := c.node(number)
	if err != nil {
		return err
	}
	if err := n.kill(); err != nil {
		return err
	}
	if err := n.start(c); err != nil {
		return err
	}
	return errors.Join(c.save(), c.Ready(ctx))
}

// Freeze stops a node with SIGSTOP: its connections stay open and silent.
func (c *Cluster) Freeze(number int) error {
	n, err := c.node(number)
	if err != nil {
		return err
	}
	return n.signal(syscall.SIGSTOP)
}

// Thaw lets a frozen node run on.
func (c *Cluster) Thaw(number int) error {
	n, err := c.node(number)
	if err != nil {
		return err
	}
	return n.signal(syscall.SIGCONT)
}
