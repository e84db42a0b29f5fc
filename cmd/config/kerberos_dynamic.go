//go:build dynamic

package config

// kerberos says that librdkafka is the system's, which may have GSSAPI. It says so itself
// where it has not.
const kerberos = true
