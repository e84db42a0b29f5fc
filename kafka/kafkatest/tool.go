//go:build unix

package kafkatest

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"
)

// Tool runs an admin class of Apache Kafka against this cluster around any
// proxy, adding --bootstrap-server, and returns what it printed on standard output. See Tool, the function.
func (c *Cluster) Tool(ctx context.Context, class string, args ...string) (string, error) {
	return Tool(ctx, class, append([]string{"--bootstrap-server", c.Internal()}, args...)...)
}

// Tool runs a class of Apache Kafka and returns what it printed on standard output. The name may be short:
// TopicCommand, ConsumerGroupCommand, GetOffsetShell, ConsoleConsumer, ConsoleProducer, ConfigCommand, AclCommand, ….
// A failure carries what it printed on both streams. One call takes about a second.
func Tool(ctx context.Context, class string, args ...string) (string, error) {
	classpath, err := Classpath(ctx)
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, "java", javaTool(classpath, append([]string{fullName(class)}, args...)...)...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("%s: %w\n%s%s", class, err, stdout.Bytes(), stderr.Bytes())
	}
	return stdout.String(), nil
}

// fullName completes the name of an admin class with its package.
func fullName(class string) string {
	switch {
	case strings.Contains(class, "."):
		return class
	case class == "ConfigCommand":
		return "kafka.admin." + class
	case class == "ConsumerGroupCommand" || class == "ShareGroupCommand":
		return "org.apache.kafka.tools.consumer.group." + class
	case class == "ConsoleConsumer" || class == "ConsoleShareConsumer":
		return "org.apache.kafka.tools.consumer." + class
	case class == "ReassignPartitionsCommand":
		return "org.apache.kafka.tools.reassign." + class
	default:
		return "org.apache.kafka.tools." + class
	}
}
