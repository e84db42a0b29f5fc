//go:build unix

package kafkatest

import (
	"context"
	"os"
	"testing"
)

// BrokersVariable names the environment variable that holds the bootstrap
// servers of a running Apache Kafka; it turns on the tests that need one.
const BrokersVariable = "KSTREAM_TEST_BROKERS"

// New starts a cluster that lives as long as the test. The test is skipped
// unless BrokersVariable is set: a cluster of its own belongs to the same tier
// as the shared one, though it does not use it.
func New(t testing.TB, o Options) *Cluster {
	t.Helper()
	if os.Getenv(BrokersVariable) == "" {
		t.Skip(BrokersVariable + " is not set: make test-kafka runs this")
	}
	c, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(); err != nil {
			t.Errorf("stop Apache Kafka: %v", err)
		}
	})
	return c
}

// MustTool is Tool, the method, for tests.
func (c *Cluster) MustTool(t testing.TB, class string, args ...string) string {
	t.Helper()
	out, err := c.Tool(context.WithoutCancel(t.Context()), class, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
