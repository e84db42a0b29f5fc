//go:build unix

package cmd

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"kstream/kafka/kafkatest"
)

// The manifests of docs/kubernetes.md are YAML without a key twice, and the commands of their
// containers run, up to the end of the topic.
func TestKubernetesPage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/kubernetes.md")
	if err != nil {
		t.Fatal(err)
	}
	containers := 0
	for _, block := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(page), -1) {
		var manifest struct {
			Kind     string
			Metadata struct{ Name string }
			Spec     struct {
				Selector struct {
					MatchLabels map[string]string `yaml:"matchLabels"`
				}
				Template struct {
					Metadata struct{ Labels map[string]string }
					Spec     struct {
						Containers []struct {
							Args []string
							Env  []struct{ Name, Value string }
						}
					}
				}
			}
		}
		if err := yaml.Unmarshal([]byte(block[1]), &manifest); err != nil {
			t.Fatalf("%v\n%s", err, block[1])
		}
		for name, value := range manifest.Spec.Selector.MatchLabels {
			if manifest.Spec.Template.Metadata.Labels[name] != value {
				t.Errorf("%s %s: no pod is labelled %s=%s", manifest.Kind, manifest.Metadata.Name, name, value)
			}
		}
		for _, c := range manifest.Spec.Template.Spec.Containers {
			containers++
			t.Run(manifest.Kind, func(t *testing.T) {
				if os.Getenv(kafkatest.BrokersVariable) != "" {
					t.Skip("its topics have names that others may use")
				}
				s := newStage(t)
				for _, topic := range []string{"orders", "orders-paid", "orders-paid-odd"} {
					s.topic = topic
					s.create(2)
				}
				args := append(c.Args, "-e")
				for i := range args {
					args[i] = strings.ReplaceAll(args[i], "$(POD)", "orders-paid-0")
				}
				var environ []string
				for _, v := range c.Env {
					if v.Name != "KSTREAM_BROKERS" && strings.HasPrefix(v.Name, "KSTREAM_") {
						environ = append(environ, v.Name+"="+v.Value)
					}
				}
				show := s.launch(nil, "kstream", environ, "context", "show", "--effective")
				show.closeInput()
				show.wait(0)
				for _, entry := range environ {
					if name, _, _ := strings.Cut(entry, "="); !strings.Contains(show.printed(), "environment "+name) {
						t.Errorf("%s is not a setting:\n%s", name, show.printed())
					}
				}
				feed := s.start("produce", "orders", "--value", `{"id":1,"state":"paid","total":2}`, "--value", `{"id":2,"state":"open"}`)
				feed.wait(0)
				p := s.start(args...)
				p.closeInput()
				p.wait(0)
				p = s.start("topic", "count", "orders-paid")
				p.wait(0)
				if n := strings.TrimSpace(p.printed()); n != "1" && n != "2" {
					t.Errorf("orders-paid has %s records", n)
				}
			})
		}
	}
	if containers < 2 {
		t.Errorf("%d containers", containers)
	}
}
