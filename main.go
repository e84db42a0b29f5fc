// Command kstream produces, consumes, inspects and replays Apache Kafka records.
package main

import (
	"os"

	"kstream/cmd"
)

func main() {
	os.Exit(cmd.Main(os.Args[1:]))
}
