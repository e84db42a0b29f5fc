package kafka

// #include "native.h"
import "C"

import (
	"fmt"
	"reflect"
	"unsafe"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// nativeClient finds the librdkafka instance behind a *ck.Consumer or *ck.Producer.
//
// The client has no accessor for it. When a later version of the client renames its
// fields the error says so, and the caller falls back to one call a record: slower,
// and right.
func nativeClient(client any) (*C.rd_kafka_t, error) {
	p, err := handleField(client, "rk")
	if err != nil {
		return nil, err
	}
	return (*C.rd_kafka_t)(*p), nil
}

// handleField gives the address of a pointer field of the client's private handle.
func handleField(client any, name string) (*unsafe.Pointer, error) {
	if C.ks_complete() == 0 {
		return nil, fmt.Errorf("librdkafka %s lacks a function of the batch path", LibraryVersion())
	}
	v := reflect.ValueOf(client)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return nil, fmt.Errorf("%T is no client", client)
	}
	handle := v.Elem().FieldByName("handle")
	if !handle.IsValid() || handle.Kind() != reflect.Struct {
		return nil, fmt.Errorf("%T has no field handle", client)
	}
	field := handle.FieldByName(name)
	if !field.IsValid() || field.Kind() != reflect.Pointer || !field.CanAddr() || field.IsNil() {
		return nil, fmt.Errorf("%T has no field handle.%s", client, name)
	}
	return (*unsafe.Pointer)(unsafe.Pointer(field.UnsafeAddr())), nil
}

// LibraryVersion is the version of the librdkafka that this program is linked with: "2.15.0".
func LibraryVersion() string {
	_, text := ck.LibraryVersion()
	return text
}
