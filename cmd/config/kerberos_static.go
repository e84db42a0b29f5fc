//go:build !dynamic

package config

// kerberos says that the librdkafka that comes with its Go client is used: it has no GSSAPI.
const kerberos = false
