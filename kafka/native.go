package kafka

// #include "native.h"
import "C"

import (
	"fmt"
	"reflect"
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
	if C.ks_complete() == 0 {
		return nil, fmt.Errorf("librdkafka %s lacks a function of the batch path", LibraryVersion())
	}
	v := reflect.ValueOf(client)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return nil, fmt.Errorf("%T is no client", client)
	}
	handle := v.Elem().FieldByName("handle")
	if handle.IsValid() && handle.Kind() == reflect.Pointer && !handle.IsNil() {
		handle = handle.Elem()
	}
	if !handle.IsValid() || handle.Kind() != reflect.Struct {
		return nil, fmt.Errorf("%T has no field handle", client)
	}
	rk := handle.FieldByName("rk")
	if !rk.IsValid() || rk.Kind() != reflect.Pointer || rk.IsNil() {
		return nil, fmt.Errorf("%T has no field handle.rk", client)
	}
	return (*C.rd_kafka_t)(rk.UnsafePointer()), nil
}

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
