package main

// #include "show.h"
// #include <stdlib.h>
import "C"

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"unsafe"
)

// table returns the table of properties that the linked librdkafka prints, in Markdown.
func table() ([]byte, error) {
	dir, err := os.MkdirTemp("", "namesgen")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "CONFIGURATION.md")
	name, mode := C.CString(path), C.CString("w")
	defer C.free(unsafe.Pointer(name))
	defer C.free(unsafe.Pointer(mode))
	file, err := C.fopen(name, mode)
	if file == nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	shown := C.ks_show(file)
	if n, err := C.fclose(file); n != 0 {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if shown != 0 {
		return nil, errors.New("librdkafka has no rd_kafka_conf_properties_show")
	}
	return os.ReadFile(path)
}
