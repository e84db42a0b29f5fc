//go:build unix

package kafkatest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// clusterID is any base64 form of 16 bytes; clusters never meet, so one serves all.
const clusterID = "a3N0cmVhbS10ZXN0LTAwMQ"

// layOut gives every node its folder and its addresses.
func layOut(dir string, o Options) ([]*node, error) {
	each := 3
	if o.Secure {
		each += len(secureListeners())
	}
	ports, err := freePorts(each * o.Nodes)
	if err != nil {
		return nil, err
	}
	nodes := make([]*node, o.Nodes)
	for i := range nodes {
		p := ports[i*each : (i+1)*each]
		n := &node{
			Number: i + 1, Dir: filepath.Join(dir, fmt.Sprintf("node%d", i+1)),
			Internal: p[0], controller: p[1], listen: p[2], Secure: map[string]string{},
		}
		if i == 0 && o.Listen != "" {
			n.listen = o.Listen
		}
		n.Advertised = n.listen
		if o.Advertise != nil {
			if n.Advertised, err = o.Advertise(n.Number, n.listen); err != nil {
				return nil, fmt.Errorf("advertised address of node %d: %w", n.Number, err)
			}
		}
		for j, addr := range p[3:] {
			n.Secure[secureListeners()[j].name] = addr
		}
		if err := os.MkdirAll(n.Dir, 0o755); err != nil {
			return nil, err
		}
		nodes[i] = n
	}
	return nodes, nil
}

// configure writes the properties file of every node.
func (c *Cluster) configure(o Options) error {
	voters := make([]string, len(c.nodes))
	for i, n := range c.nodes {
		voters[i] = fmt.Sprintf("%d@%s", n.Number, n.controller)
	}
	for _, n := range c.nodes {
		p := nodeProperties(n, len(c.nodes))
		p["controller.quorum.voters"] = strings.Join(voters, ",")
		if c.secure {
			addSecurity(p, n, c.CertDir())
		}
		maps.Copy(p, o.Properties)
		var text strings.Builder
		for _, name := range slices.Sorted(maps.Keys(p)) {
			fmt.Fprintf(&text, "%s=%s\n", name, p[name])
		}
		if err := os.WriteFile(n.config(), []byte(text.String()), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// nodeProperties returns the settings of one node of a cluster of the given
// size: small internal topics, replicated to every node; no delay before the first rebalance;
// nothing created because somebody read it or misspelt it.
func nodeProperties(n *node, size int) map[string]string {
	all := fmt.Sprint(size)
	least := fmt.Sprint(size/2 + 1)
	return map[string]string{
		"process.roles":                  "broker,controller",
		"node.id":                        fmt.Sprint(n.Number),
		"listeners":                      "PLAINTEXT://" + n.listen + ",INTERNAL://" + n.Internal + ",CONTROLLER://" + n.controller,
		"advertised.listeners":           "PLAINTEXT://" + n.Advertised + ",INTERNAL://" + n.Internal,
		"listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT",
		"controller.listener.names":      "CONTROLLER",
		"inter.broker.listener.name":     "INTERNAL",
		"log.dirs":                       filepath.Join(n.Dir, "data"),

		// ACLs can be kept, and bind nobody who comes without a name.
		"authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
		"super.users":           "User:ANONYMOUS",

		"auto.create.topics.enable":                        "false",
		"default.replication.factor":                       all,
		"min.insync.replicas":                              least,
		"offsets.topic.num.partitions":                     "8",
		"offsets.topic.replication.factor":                 all,
		"transaction.state.log.num.partitions":             "8",
		"transaction.state.log.replication.factor":         all,
		"transaction.state.log.min.isr":                    least,
		"share.coordinator.state.topic.num.partitions":     "8",
		"share.coordinator.state.topic.replication.factor": all,
		"share.coordinator.state.topic.min.isr":            least,

		"group.initial.rebalance.delay.ms":      "0",
		"group.min.session.timeout.ms":          "1000",
		"group.consumer.min.session.timeout.ms": "1000",
		// Members of KIP-848 cannot choose theirs: a killed one is missed as soon as a
		// classic one of the tests.
		"group.consumer.session.timeout.ms":        "6000",
		"group.consumer.min.heartbeat.interval.ms": "1000",
		"group.consumer.heartbeat.interval.ms":     "1000",
		// A test of retention or compaction waits for these threads.
		"log.retention.check.interval.ms": "500",
		"log.cleaner.backoff.ms":          "500",
		// A killed node counts as lost after this time, and its partitions get another leader.
		"broker.session.timeout.ms":    "3000",
		"broker.heartbeat.interval.ms": "500",
	}
}

// format writes the metadata of every node's empty disk, as Apache Kafka demands before
// the first start.
func (c *Cluster) format(ctx context.Context) error {
	results := make(chan error, len(c.nodes))
	for _, n := range c.nodes {
		args := []string{"kafka.tools.StorageTool", "format", "-t", c.id, "-c", n.config()}
		if c.secure {
			args = append(args, scramArgs()...)
		}
		go func() { // ends with the program it runs; its result is awaited below
			out, err := exec.CommandContext(ctx, "java", javaTool(c.classpath, args...)...).CombinedOutput()
			if err != nil {
				err = fmt.Errorf("format the disk of node %d: %w\n%s", n.Number, err, out)
			}
			results <- err
		}()
	}
	var errs []error
	for range c.nodes {
		errs = append(errs, <-results)
	}
	return errors.Join(errs...)
}

// javaTool returns the arguments of java for a program that lives for a second.
func javaTool(classpath string, args ...string) []string {
	return append([]string{
		"-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto",
		"-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "-cp", classpath,
	}, args...)
}
