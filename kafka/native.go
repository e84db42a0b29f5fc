package kafka

// #include "native.h"
import "C"

import (
	"fmt"
	"reflect"
	"sync"
	"unsafe"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// nativeClient finds the librdkafka instance behind a *ck.Consumer, *ck.Producer or
// *ck.AdminClient.
//
// The client has no accessor for it. When a later version of the client renames its
// fields the error says so, and the caller falls back to one call a record: slower,
// and right.
func nativeClient(client any) (*C.rd_kafka_t, error) {
	if err := nativeField(reflect.TypeOf(client)); err != nil {
		return nil, err
	}
	v := reflect.ValueOf(client)
	if v.IsNil() {
		return nil, fmt.Errorf("%T is nil", client)
	}
	handle := reflect.Indirect(v.Elem().FieldByName("handle"))
	if !handle.IsValid() || handle.FieldByName("rk").IsNil() {
		return nil, fmt.Errorf("%T is closed", client)
	}
	return (*C.rd_kafka_t)(handle.FieldByName("rk").UnsafePointer()), nil
}

// nativeField returns why nativeClient finds nothing in clients of a type, or nil.
func nativeField(client reflect.Type) error {
	if C.ks_complete() == 0 {
		return fmt.Errorf("librdkafka %s lacks a function of the batch path", LibraryVersion())
	}
	if client == nil || client.Kind() != reflect.Pointer || client.Elem().Kind() != reflect.Struct {
		return fmt.Errorf("%v is no client", client)
	}
	handle, ok := client.Elem().FieldByName("handle")
	if ok && handle.Type.Kind() == reflect.Pointer {
		handle.Type = handle.Type.Elem()
	}
	if !ok || handle.Type.Kind() != reflect.Struct {
		return fmt.Errorf("%v has no field handle", client)
	}
	if rk, ok := handle.Type.FieldByName("rk"); !ok || rk.Type.Kind() != reflect.Pointer {
		return fmt.Errorf("%v has no field handle.rk", client)
	}
	return nil
}

// nativeIsThere reports whether nativeClient finds the instances behind clients of all kinds.
var nativeIsThere = sync.OnceValue(func() bool {
	for _, client := range []reflect.Type{reflect.TypeFor[*ck.Consumer](), reflect.TypeFor[*ck.Producer](), reflect.TypeFor[*ck.AdminClient]()} {
		if nativeField(client) != nil {
			return false
		}
	}
	return true
})

// pollerEnd finds the channel on which a *ck.Producer tells its poller to end.
func pollerEnd(client *ck.Producer) (chan<- bool, error) {
	field := reflect.ValueOf(client).Elem().FieldByName("pollerTermChan")
	if !field.IsValid() || field.Type() != reflect.TypeFor[chan bool]() || field.IsNil() {
		return nil, fmt.Errorf("%T has no field pollerTermChan", client)
	}
	return *(*chan bool)(unsafe.Pointer(field.UnsafeAddr())), nil
}

// LibraryVersion is the version of the librdkafka that this program is linked with: "2.15.0".
func LibraryVersion() string {
	_, text := ck.LibraryVersion()
	return text
}
