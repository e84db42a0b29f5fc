package wire

import (
	"context"

	"kstream/serde"
)

// Imports returns what a schema that is not registered yet refers to, directly or not,
// each after those that it refers to itself. Errors are the registry's, or
// serde.ErrTooDeep and serde.ErrTooBig.
func Imports(ctx context.Context, r serde.Registry, list []serde.Reference) ([]Import, error) {
	refs := references{ctx: ctx, registry: r, seen: map[serde.Reference]bool{}, room: maxText}
	err := refs.add(list, 0)
	return refs.list, err
}
