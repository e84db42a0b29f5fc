//go:build unix

// Command cluster starts and stops Apache Kafka on this machine for tests.
//
//	go run ./kafka/kafkatest/cluster run -- go test ./cmd/
//	go run ./kafka/kafkatest/cluster start --nodes 3
//
// Run without arguments it prints its usage.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"

	"kstream/kafka/kafkatest"
)

const usage = `usage: cluster [--dir DIR] COMMAND
  start [--nodes 1|3] [--secure] [--listen ADDR]   start in the background, print the bootstrap servers
  stop                                  end all nodes, remove the data
  kill N | restart N | freeze N | thaw N           do it to one node, counted from 1
  brokers                               print the bootstrap servers
  run [--nodes 1|3] -- COMMAND…         start, set KSTREAM_TEST_BROKERS, run COMMAND, stop; exits as COMMAND does
  tool CLASS ARGS…                      run an admin class of Apache Kafka, such as TopicCommand
  check                                 say whether this machine can run Apache Kafka
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	var exit *exec.ExitError
	switch {
	case err == nil:
	case errors.As(err, &exit) && exit.ExitCode() > 0:
		os.Exit(exit.ExitCode())
	default:
		fmt.Fprintln(os.Stderr, "cluster:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout io.Writer) error {
	global := flag.NewFlagSet("cluster", flag.ContinueOnError)
	global.Usage = func() { fmt.Fprint(os.Stderr, usage) }
	dir := global.String("dir", filepath.Join(os.TempDir(), fmt.Sprintf("kstream-kafka-%d", os.Getuid())), "where the cluster lives")
	if err := global.Parse(args); err != nil {
		return err
	}
	if global.NArg() == 0 {
		global.Usage()
		return errors.New("no command")
	}
	verb, rest := global.Arg(0), global.Args()[1:]
	switch verb {
	case "start":
		return start(ctx, *dir, rest, stdout)
	case "run":
		return runWith(ctx, rest)
	case "check":
		return kafkatest.Available()
	}
	c, err := kafkatest.Open(*dir)
	if err != nil {
		return err
	}
	switch verb {
	case "stop":
		return c.Stop()
	case "brokers":
		_, err := fmt.Fprintln(stdout, c.Bootstrap())
		return err
	case "tool":
		if len(rest) == 0 {
			return errors.New("tool: no class named")
		}
		out, err := c.Tool(ctx, rest[0], rest[1:]...)
		fmt.Fprint(stdout, out)
		return err
	case "kill", "restart", "freeze", "thaw":
		return toNode(ctx, c, verb, rest)
	default:
		return fmt.Errorf("unknown command %q", verb)
	}
}

func start(ctx context.Context, dir string, args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("start", flag.ContinueOnError)
	o := kafkatest.Options{Dir: dir, Detach: true}
	flags.IntVar(&o.Nodes, "nodes", 1, "brokers, 1 or 3")
	flags.BoolVar(&o.Secure, "secure", false, "add listeners with TLS and SASL")
	flags.StringVar(&o.Listen, "listen", "", "address of the first node")
	if err := flags.Parse(args); err != nil {
		return err
	}
	c, err := kafkatest.Start(ctx, o)
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, c.Bootstrap())
	for _, l := range kafkatest.SecureListeners() {
		if addrs := c.SecureBootstrap(l); addrs != "" {
			fmt.Fprintf(stdout, "%s %s\n", l, addrs)
		}
	}
	return nil
}

// runWith runs a command beside a cluster of its own.
func runWith(ctx context.Context, args []string) (err error) {
	flags := flag.NewFlagSet("run", flag.ContinueOnError)
	var o kafkatest.Options
	flags.IntVar(&o.Nodes, "nodes", 1, "brokers, 1 or 3")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() == 0 {
		return errors.New("run: no command named")
	}
	c, err := kafkatest.Start(ctx, o)
	if err != nil {
		return err
	}
	defer func() {
		if stopped := c.Stop(); err == nil {
			err = stopped
		}
	}()
	fmt.Fprintln(os.Stderr, "cluster: Apache Kafka is up at", c.Bootstrap())
	cmd := exec.CommandContext(ctx, flags.Arg(0), flags.Args()[1:]...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), "KSTREAM_TEST_BROKERS="+c.Bootstrap())
	return cmd.Run()
}

func toNode(ctx context.Context, c *kafkatest.Cluster, verb string, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("%s: want the number of one node", verb)
	}
	n, err := strconv.Atoi(args[0])
	if err != nil {
		return fmt.Errorf("%s: node %q is not a number", verb, args[0])
	}
	switch verb {
	case "kill":
		return c.Kill(n)
	case "restart":
		return c.Restart(ctx, n)
	case "freeze":
		return c.Freeze(n)
	default:
		return c.Thaw(n)
	}
}
