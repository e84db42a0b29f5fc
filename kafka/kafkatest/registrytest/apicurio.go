//go:build unix

package registrytest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"kstream/kafka/kafkatest"
	"kstream/kafka/kafkatest/fetched"
)

const (
	apicurioVersion  = "3.0.9" // the last one that runs on Java 17
	apicurioArtifact = "io.apicurio:apicurio-registry-app:" + apicurioVersion + ":tar.gz:all"
	apicurioRunner   = "apicurio-registry-app-" + apicurioVersion + "-runner.jar"

	// startLimit bounds the wait for a server. On an idle machine it is up in 3 s.
	startLimit = 2 * time.Minute
)

// Apicurio is a running Apicurio Registry that keeps its schemas in memory.
type Apicurio struct {
	url  string
	cmd  *exec.Cmd
	dir  string
	done chan struct{} // closed when the process has ended
}

// StartApicurio starts a registry. The first call on a machine fetches 110 MB. It needs
// what kafkatest.Available names. Stop it when done; it dies with this process.
func StartApicurio(ctx context.Context) (*Apicurio, error) {
	home, err := apicurioHome(ctx)
	if err != nil {
		return nil, fmt.Errorf("fetch Apicurio: %w", err)
	}
	addr, err := kafkatest.FreeAddress()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "apicurio-")
	if err != nil {
		return nil, err
	}
	a := &Apicurio{url: "http://" + addr + "/apis/ccompat/v7", dir: dir, done: make(chan struct{})}
	if err := a.start(ctx, home, addr); err != nil {
		a.Stop()
		return nil, fmt.Errorf("start Apicurio: %w", err)
	}
	return a, nil
}

func (a *Apicurio) start(ctx context.Context, home, addr string) error {
	log, err := os.Create(a.log())
	if err != nil {
		return err
	}
	defer log.Close()
	host, port, _ := strings.Cut(addr, ":")
	a.cmd = exec.Command("java", "-Xmx384m", "-jar", filepath.Join(home, apicurioRunner))
	a.cmd.Env = append(os.Environ(), "QUARKUS_HTTP_HOST="+host, "QUARKUS_HTTP_PORT="+port)
	a.cmd.Dir, a.cmd.Stdout, a.cmd.Stderr = a.dir, log, log
	a.cmd.SysProcAttr = kafkatest.Attached()
	if err := a.cmd.Start(); err != nil {
		return err
	}
	go func() { // ends with the process
		_ = a.cmd.Wait()
		close(a.done)
	}()
	ctx, cancel := context.WithTimeoutCause(ctx, startLimit, fmt.Errorf("no answer within %v", startLimit))
	defer cancel()
	return kafkatest.Await(ctx, a.died, func() error { return a.answers(ctx) })
}

func (a *Apicurio) log() string { return filepath.Join(a.dir, "log") }

// died returns nil while the process exists, otherwise the end of its log.
func (a *Apicurio) died() error {
	select {
	case <-a.done:
	default:
		return nil
	}
	text, _ := os.ReadFile(a.log())
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return fmt.Errorf("the process has ended; its log ends:\n%s", strings.Join(lines[max(0, len(lines)-20):], "\n"))
}

func (a *Apicurio) answers(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.url+"/subjects", nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return errors.New(resp.Status)
	}
	return nil
}

// URL is where it has Confluent's API.
func (a *Apicurio) URL() string { return a.url }

// Stop ends it and removes what it wrote. It may be called twice.
func (a *Apicurio) Stop() {
	if a.cmd != nil && a.cmd.Process != nil {
		_ = a.cmd.Process.Kill()
		<-a.done
	}
	os.RemoveAll(a.dir)
}

// apicurioHome is the folder with the server, fetched by the first call.
func apicurioHome(ctx context.Context) (string, error) {
	if err := kafkatest.Available(); err != nil {
		return "", err
	}
	return fetched.Once("apicurio-"+apicurioVersion, func(tmp string) error {
		packed := filepath.Join(tmp, "packed")
		cmd := exec.CommandContext(ctx, "mvn", "--batch-mode", "--quiet", "dependency:copy",
			"-Dartifact="+apicurioArtifact, "-DoutputDirectory="+packed)
		cmd.Dir = tmp
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%w\n%s", err, out)
		}
		archives, err := filepath.Glob(filepath.Join(packed, "*.tar.gz"))
		if err != nil || len(archives) != 1 {
			return fmt.Errorf("archives: %v, want one", archives)
		}
		if err := unpack(archives[0], tmp); err != nil {
			return err
		}
		return os.RemoveAll(packed)
	})
}

// unpack writes the files of an archive below dir.
func unpack(archive, dir string) error {
	packed, err := os.ReadFile(archive)
	if err != nil {
		return err
	}
	plain, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close() //nolint:errcheck // the files in it are closed with care
	for files := tar.NewReader(plain); ; {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if header.Typeflag != tar.TypeReg {
			continue
		}
		if err := unpackFile(root, header.Name, files); err != nil {
			return fmt.Errorf("%s: %w", header.Name, err)
		}
	}
}

// unpackFile writes one file, which cannot leave root.
func unpackFile(root *os.Root, name string, content io.Reader) error {
	name = filepath.Clean(name)
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := root.Create(name)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, content)
	return errors.Join(err, f.Close())
}
