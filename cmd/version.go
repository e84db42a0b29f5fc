package cmd

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"kstream/cmd/cli"
	"kstream/kafka"
)

// programVersion says what this program is made of: the line of `version -o json`.
// Fields are added, never taken away.
type programVersion struct {
	Version    string `json:"version"`            // of the module: v1.2.3, or devel where it was built from a tree without a tag
	Revision   string `json:"revision,omitempty"` // the commit, where the build knew it
	Time       string `json:"time,omitempty"`     // of the commit, RFC 3339
	Modified   bool   `json:"modified"`           // built from files that differ from the commit
	Go         string `json:"go"`
	Librdkafka string `json:"librdkafka"`
	Platform   string `json:"platform"`
}

// currentVersion reads what the Go toolchain wrote into the program.
func currentVersion() programVersion {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	return versionFrom(info)
}

func versionFrom(info *debug.BuildInfo) programVersion {
	v := programVersion{
		Version:    strings.Trim(info.Main.Version, "()"),
		Go:         strings.TrimPrefix(runtime.Version(), "go"),
		Librdkafka: kafka.LibraryVersion(),
		Platform:   runtime.GOOS + "/" + runtime.GOARCH,
	}
	if v.Version == "" {
		v.Version = "devel"
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Revision = s.Value
		case "vcs.time":
			v.Time = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		}
	}
	return v
}

// text is for people: one line a part.
func (v programVersion) text() string {
	built := v.Version
	if v.Revision != "" {
		built += " " + v.Revision[:min(12, len(v.Revision))]
	}
	if v.Modified {
		built += ", modified"
	}
	return fmt.Sprintf("kstream     %s\nlibrdkafka  %s\ngo          %s\nplatform    %s\n", built, v.Librdkafka, v.Go, v.Platform)
}

func newVersionCmd(env *cli.Env) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Which kstream, librdkafka and Go this is",
		Example: `  kstream version
  kstream version -o json | jq -r .librdkafka`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			switch format {
			case "text":
				_, err := fmt.Fprint(env.Stdout, currentVersion().text())
				return err
			case "json":
				return json.NewEncoder(env.Stdout).Encode(currentVersion())
			}
			return cli.Usagef("--output %s: want text or json", format)
		},
	}
	cmd.Flags().StringVarP(&format, "output", "o", "text", "how to print it: `text|json`")
	return cmd
}
