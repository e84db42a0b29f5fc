// Command kstream produces, consumes and inspects Apache Kafka records.
package main

import (
	"os"

	"kstream/cmd"
)

func main() {
	os.Exit(cmd.Main())
}
