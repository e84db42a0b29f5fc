// Namesgen writes the Go file that lists the properties of the linked librdkafka:
//
//	go run ./kafka/namesgen FILE
package main

import (
	"log"
	"os"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("namesgen: ")
	if len(os.Args) != 2 {
		log.Fatal("want the file to write")
	}
	source, err := generate()
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(os.Args[1], source, 0o644); err != nil {
		log.Fatal(err)
	}
}
