//go:build unix

package kafkatest

import (
	"context"
	"os"
	"path/filepath"
)

// PlaceSegments gives partitions on a node, named TOPIC-PARTITION, a log of one segment
// each, which starts at offset 0: what an older broker has left there. What a partition
// held is gone. The node ends in order and starts again.
func (c *Cluster) PlaceSegments(ctx context.Context, number int, segments map[string][]byte) error {
	n, err := c.node(number)
	if err != nil {
		return err
	}
	if err := c.Terminate(number); err != nil {
		return err
	}
	for name, segment := range segments {
		dir := filepath.Join(n.Dir, "data", name)
		for _, pattern := range []string{"*.index", "*.timeindex", "*.snapshot", "*.log", "leader-epoch-checkpoint"} {
			old, err := filepath.Glob(filepath.Join(dir, pattern))
			if err != nil {
				return err
			}
			for _, path := range old {
				if err := os.Remove(path); err != nil {
					return err
				}
			}
		}
		if err := os.WriteFile(filepath.Join(dir, "00000000000000000000.log"), segment, 0o644); err != nil {
			return err
		}
	}
	return c.Restart(ctx, number)
}
