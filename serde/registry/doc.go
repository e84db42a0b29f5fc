// Package registry asks a schema registry: one with Confluent's API, as Apicurio,
// Karapace and Redpanda have it too.
//
// A Client is a serde.Registry with a memory: a schema by its id or GUID never changes
// and is kept, the latest of a subject for a minute, and that an id does not exist for
// half a minute, so that a topic full of unknown ids does not become a request for each
// record. Goroutines that want the same share one request. What is kept is bounded.
//
// A question that fails for the moment (no connection, 429, 5xx) is asked again twice,
// and of every URL in turn, all within the timeout. With Config.Rest a registry that
// failed is then left alone, longer each time, and only asked aside whether it is back.
//
// A failure of the registry wraps serde.ErrRegistry and names the URL and the cause;
// what the registry does not know is serde.ErrUnknownSchema, what it refuses is
// ErrIncompatible, ErrInvalid or ErrRefused, in its own words. Errors never hold credentials.
package registry
