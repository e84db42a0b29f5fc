// Package embedded is a schema registry inside this process, with Confluent's API, for tests
// and sandboxes. Unlike a fake it refuses what is not compatible: Avro by the rules of its
// specification, Protobuf and JSON Schema by those of Confluent's registry as far as they say
// that data can no longer be read. What it is not sure of it refuses.
//
//	r, err := embedded.Start("127.0.0.1:0", "")
//	if err != nil {
//		return err
//	}
//	defer r.Close()
//
// With a file it keeps what it was told, and is as it was when it starts again.
package embedded
