//go:build unix

package kafkatest

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"kstream/kafka/kafkatest/fetched"
)

//go:embed pom.xml
var pom []byte

// Available returns nil when this machine can run Apache Kafka, otherwise one
// line that names every program that is missing.
func Available() error {
	var missing []string
	for _, need := range []struct{ program, what string }{
		{"java", "java (a Java 17 runtime, Debian package openjdk-17-jre-headless)"},
		{"mvn", "mvn (Maven 3.6 or later, Debian package maven)"},
	} {
		if _, err := exec.LookPath(need.program); err != nil {
			missing = append(missing, need.what)
		}
	}
	if len(missing) > 0 {
		return errors.New("Apache Kafka cannot run here, missing: " + strings.Join(missing, ", "))
	}
	return nil
}

// Classpath returns the Java class path of Apache Kafka. The first call on a
// machine fetches about 54 MB into the user's cache; later ones read nothing
// from the network. Concurrent calls, also from several processes, are safe:
// the folder appears complete or not at all.
func Classpath(ctx context.Context) (string, error) {
	if err := Available(); err != nil {
		return "", err
	}
	sum := sha256.Sum256(pom)
	dir, err := fetched.Once(fmt.Sprintf("kafka-%x", sum[:6]), func(folder string) error {
		project := filepath.Join(folder, "pom.xml")
		if err := os.WriteFile(project, pom, 0o644); err != nil {
			return err
		}
		cmd := exec.CommandContext(ctx, "mvn", "--batch-mode", "--quiet", "--file", project,
			"dependency:copy-dependencies", "-DoutputDirectory="+folder)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("mvn: %w\n%s", err, out)
		}
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("fetch Apache Kafka with Maven: %w", err)
	}
	return filepath.Join(dir, "*"), nil
}
