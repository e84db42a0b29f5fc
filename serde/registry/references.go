package registry

import (
	"context"
	"fmt"

	"kstream/serde"
)

// What a schema may refer to, directly or not.
const (
	maxReferences     = 1000
	maxReferenceDepth = 64
)

// Referenced is a schema under the name by which another refers to it.
type Referenced struct {
	Name string
	serde.Schema
}

// References gives all that a schema refers to, directly or not, each once and after
// those that it refers to itself. More than a thousand, or a chain of more than 64, is
// serde.ErrTooBig or serde.ErrTooDeep.
func References(ctx context.Context, r serde.Registry, list []serde.Reference) ([]Referenced, error) {
	w := referenceWalk{registry: r, seen: map[serde.Reference]bool{}}
	err := w.add(ctx, list, 0)
	return w.found, err
}

type referenceWalk struct {
	registry serde.Registry
	seen     map[serde.Reference]bool
	found    []Referenced
}

func (w *referenceWalk) add(ctx context.Context, list []serde.Reference, depth int) error {
	if depth > maxReferenceDepth {
		return fmt.Errorf("references: %w", serde.ErrTooDeep)
	}
	for _, ref := range list {
		if w.seen[ref] {
			continue
		}
		if w.seen[ref] = true; len(w.seen) > maxReferences {
			return fmt.Errorf("references: %w", serde.ErrTooBig)
		}
		s, err := w.registry.BySubject(ctx, ref.Subject, ref.Version)
		if err != nil {
			return fmt.Errorf("reference %s version %d: %w", ref.Subject, ref.Version, err)
		}
		if err := w.add(ctx, s.References, depth+1); err != nil {
			return err
		}
		w.found = append(w.found, Referenced{ref.Name, s})
	}
	return nil
}
