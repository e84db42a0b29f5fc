//go:build linux

package cmd

import (
	"bytes"
	"context"
	"crypto/rand"
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"kstream/kafka/kafkatest"
	"kstream/kafka/kafkatest/packagetest"
	"kstream/kafka/kafkatest/tmux"
)

// packageLimit bounds the making of the package, which builds the program.
const packageLimit = 10 * time.Minute

// installed makes the Debian package of this tree and puts it into a folder, as dpkg does
// where we may run it, and returns both.
func installed(t *testing.T) (deb, root string) {
	t.Helper()
	if err := packagetest.Available(); err != nil {
		t.Skip(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), packageLimit)
	defer cancel()
	deb, err := packagetest.Build(ctx, "..", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	root = t.TempDir()
	put := packagetest.Install
	if os.Getuid() != 0 {
		put = packagetest.Unpack
	}
	if err := put(ctx, root, deb); err != nil {
		t.Fatal(err)
	}
	return deb, root
}

// The package installs and goes without a trace; its man pages are read without a warning,
// its completions complete topics in three shells, and its program needs nothing that is not
// on every machine.
func TestPackage(t *testing.T) {
	t.Parallel()
	deb, root := installed(t)
	binary := filepath.Join(root, "usr/bin/kstream")

	t.Run("man", func(t *testing.T) {
		pages, err := filepath.Glob(filepath.Join(root, "usr/share/man/man1/*.1"))
		if err != nil || len(pages) < 50 {
			t.Fatalf("%d pages, %v", len(pages), err)
		}
		read := func(program string, args ...string) {
			if _, err := exec.LookPath(program); err != nil {
				t.Logf("%s is not installed", program)
				return
			}
			cmd := exec.CommandContext(t.Context(), program, args...)
			cmd.Env = append(os.Environ(), "MANPATH="+filepath.Join(root, "usr/share/man"), "LC_ALL=C.UTF-8", "MANWIDTH=80", "MANROFFSEQ=")
			var stdout, stderr bytes.Buffer
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			if err := cmd.Run(); err != nil || stderr.Len() > 0 || program == "man" && !strings.Contains(stdout.String(), "kstream") {
				t.Errorf("%s %.200s: %v\n%s", program, strings.Join(args, " "), err, stderr.String())
			}
		}
		read("groff", append([]string{"-Kutf8", "-man", "-Tutf8", "-ww", "-z"}, pages...)...)
		for _, page := range []string{"kstream", "kstream-consume", "kstream-topic-list"} {
			read("man", "--warnings", page)
		}
	})

	t.Run("completions", func(t *testing.T) {
		s := newStage(t)
		s.topic = "orders-" + strings.ToLower(rand.Text()[:6])
		s.create(1)
		share := filepath.Join(root, "usr/share")
		start := filepath.Join(t.TempDir(), "start")
		if err := os.WriteFile(start, []byte("source /usr/share/bash-completion/bash_completion\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		for shell, command := range map[string]string{
			"bash": "bash --noprofile --rcfile " + start + " -i",
			"zsh":  "zsh -f -i",
			"fish": "fish -i",
		} {
			t.Run(shell, func(t *testing.T) {
				if _, err := exec.LookPath(shell); err != nil {
					t.Skip(shell + " is not installed")
				}
				if _, err := os.Stat("/usr/share/bash-completion/bash_completion"); shell == "bash" && err != nil {
					t.Skip("bash-completion is not installed")
				}
				home := t.TempDir()
				term := tmux.Start(t, 80, 24, []string{
					"XDG_DATA_DIRS=" + share + ":/usr/share", "HOME=" + home, "XDG_CONFIG_HOME=" + home,
					"LC_ALL=C.UTF-8", "PS1=ready> ", "KSTREAM_BROKERS=" + s.brokers, "KSTREAM_COMPLETION_TIMEOUT=30s",
				}, "PATH="+filepath.Dir(binary)+":$PATH "+command)
				if shell == "zsh" {
					term.Keys("-l", "fpath=("+share+"/zsh/vendor-completions $fpath); autoload -U compinit; compinit -u -d "+home+"/dump; PS1='ready> '")
					term.Keys("Enter")
				}
				term.Keys("-l", "echo begin-'42'")
				term.Keys("Enter")
				term.AwaitText("begin-42")
				term.Keys("-l", "kstream consume "+s.topic[:10])
				term.Keys("Tab")
				term.AwaitText("consume " + s.topic)
			})
		}
	})

	t.Run("alone", func(t *testing.T) {
		file, err := elf.Open(binary)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		libraries, err := file.ImportedLibraries()
		if err != nil {
			t.Fatal(err)
		}
		libc := regexp.MustCompile(`^(lib(c|m|dl|pthread|rt|resolv)\.so\.\d+|ld-linux.*|libc\.musl-.*)$`)
		if foreign := slices.DeleteFunc(libraries, libc.MatchString); len(foreign) > 0 {
			t.Errorf("it needs %v", foreign)
		}
		if file.Section(".debug_info") != nil {
			t.Error("it has debug tables")
		}
		if os.Getuid() != 0 {
			t.Skip("only root may change the root folder")
		}
		bare := t.TempDir() // with the program and what loads it, and nothing else
		out, err := exec.CommandContext(t.Context(), "ldd", binary).Output()
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range append(regexp.MustCompile(`/\S+`).FindAllString(string(out), -1), binary) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			to := filepath.Join(bare, path)
			if path == binary {
				to = filepath.Join(bare, "kstream")
			}
			if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(to, text, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		for args, want := range map[string]string{"version": `librdkafka`, "demo --count 3": `delivered 3, received 3`} {
			cmd := exec.CommandContext(t.Context(), "/kstream", strings.Fields(args)...)
			cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: bare}
			cmd.Env, cmd.Dir = []string{}, "/"
			if out, err := cmd.CombinedOutput(); err != nil || !regexp.MustCompile(want).Match(out) {
				t.Errorf("%s: %v\n%s", args, err, out)
			}
		}
	})

	t.Run("removal", func(t *testing.T) {
		if os.Getuid() != 0 {
			t.Skip("only root may remove packages")
		}
		if err := packagetest.Remove(t.Context(), root); err != nil {
			t.Fatal(err)
		}
		for _, dir := range []string{"usr", "etc", "opt", "home"} {
			left, err := filepath.Glob(filepath.Join(root, dir, "*"))
			if err != nil || len(left) > 0 {
				t.Errorf("left of %s: %v, %v", deb, left, err)
			}
		}
	})
}

// TestNewUser goes the way of somebody who has a cluster with TLS and logins, and the files
// of a Java client for it: from the package to the lag of a group. One command runs it:
//
//	go run ./kafka/kafkatest/cluster run -- go test ./cmd -run 'TestNewUser$' -v
func TestNewUser(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("keytool"); err != nil {
		t.Skip("keytool is not installed")
	}
	s, c := clusterStage(t, kafkatest.Options{Secure: true})
	s.create(3)
	s.numbers(0, 20)
	_, root := installed(t)
	dir := t.TempDir()
	keytool := exec.CommandContext(t.Context(), "keytool", "-importcert", "-noprompt", "-alias", "ca", "-file", filepath.Join(c.CertDir(), "ca.pem"),
		"-keystore", filepath.Join(dir, "trust.jks"), "-storetype", "JKS", "-storepass", "changeit")
	if out, err := keytool.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	java := `# as the platform team hands it out
bootstrap.servers=` + c.SecureBootstrap(kafkatest.SASLSSL) + `
security.protocol=SASL_SSL
sasl.mechanism=SCRAM-SHA-512
sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username="` + kafkatest.AdminUser + `" password="` + kafkatest.AdminPassword + `";
ssl.truststore.location=trust.jks
ssl.truststore.password=changeit
key.deserializer=org.apache.kafka.common.serialization.StringDeserializer
value.deserializer=org.apache.kafka.common.serialization.StringDeserializer
`
	if err := os.WriteFile(filepath.Join(dir, "client.properties"), []byte(java), 0o600); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	for _, step := range []struct {
		line string
		want []string // patterns of what it prints and says
	}{
		{"kstream demo --count 10", []string{`delivered 10, received 10`}},
		{"kstream context import team client.properties --use", []string{`team`}},
		{"kstream topic list", []string{s.topic + `\t3\t1`}},
		{"kstream consume " + s.topic + " -n 5", []string{`(?m)^\d+\n\d+\n\d+\n\d+\n\d+$`}},
		{"kstream consume " + s.topic + " --group first-steps --members 2 -e -q", []string{`(?m)(^\d+\n){20}`}},
		{"kstream group lag first-steps --headers", []string{`(?m)^group\ttopic\tpartition\t`, `(?m)^first-steps\t` + s.topic + `\t0\t(\d+)\t\d+\t0\t0\t0\t\tok$`}},
		{"kstream doctor --topic " + s.topic + " --group first-steps", []string{`(?m)^tls\tok`, `(?m)^sasl\tok\t.*SCRAM-SHA-512`, `(?m)^topic\tok`, `(?m)^group\tok`}},
	} {
		cmd := exec.CommandContext(t.Context(), "sh", "-c", step.line)
		cmd.Dir = dir
		cmd.Env = []string{"PATH=" + filepath.Join(root, "usr/bin") + ":" + os.Getenv("PATH"), "HOME=" + dir, "LC_ALL=C.UTF-8"}
		out, err := cmd.CombinedOutput()
		t.Logf("after %v: $ %s\n%s", time.Since(began).Round(time.Second), step.line, out)
		if err != nil {
			t.Fatalf("%s: %v", step.line, err)
		}
		for _, want := range step.want {
			if !regexp.MustCompile(want).Match(out) {
				t.Errorf("%s: no %s in\n%s", step.line, want, out)
			}
		}
		if strings.Contains(string(out), kafkatest.AdminPassword) {
			t.Errorf("%s prints the password", step.line)
		}
	}
	if took := time.Since(began); took > 5*time.Minute {
		t.Errorf("the first five minutes take %v", took)
	}
}
