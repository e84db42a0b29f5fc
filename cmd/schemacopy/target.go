package schemacopy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"kstream/cmd/cli"
	"kstream/serde"
	"kstream/serde/registry"
)

// target is the registry that is copied to, and what is known of it.
type target struct {
	*registry.Client
	items   []*Item
	byPlace map[place]*Item
	before  map[*Item]*Item   // the earlier version of the same subject
	modes   map[string]string // by subject
}

func newTarget(client *registry.Client, items []*Item) *target {
	t := &target{client, items, map[place]*Item{}, map[*Item]*Item{}, map[string]string{}}
	last := map[string]*Item{}
	for _, item := range items {
		t.byPlace[place{item.Subject, item.Version}] = item
		if earlier := last[item.Subject]; earlier != nil {
			t.before[item] = earlier
		}
		last[item.Subject] = item
	}
	return t
}

// look finds out what is to be done with each version, or why it cannot be copied. Its own
// error is that of a registry that does not answer.
func (t *target) look(ctx context.Context) error {
	for _, item := range t.items {
		err := t.blocked(item)
		if err == nil {
			err = t.lookAt(ctx, item)
		}
		if err != nil && fatal(ctx, err) {
			return err
		}
		if err != nil {
			item.Action, item.ToID, item.ToVersion = "", 0, 0
			item.Fail(err)
		}
	}
	return nil
}

// todo counts the versions that copy adds.
func (t *target) todo() (n int) {
	for _, item := range t.items {
		if item.Cause == nil && item.Action != present {
			n++
		}
	}
	return n
}

// blocked is the error of a version that needs another one which the target does not get.
func (t *target) blocked(item *Item) error {
	if earlier := t.before[item]; earlier != nil && earlier.Cause != nil {
		return cli.Errorf(cli.CodeOf(earlier.Cause), "%s version %d: version %d before it is not copied", item.Subject, item.Version, earlier.Version)
	}
	for _, ref := range item.schema.References {
		switch other := t.byPlace[place{ref.Subject, ref.Version}]; {
		case other == nil:
			return cli.Errorf(cli.CodeUnknownSubject, "%s version %d refers to %s version %d, which the source does not have", item.Subject, item.Version, ref.Subject, ref.Version)
		case other.Cause != nil:
			return cli.Errorf(cli.CodeOf(other.Cause), "%s version %d refers to %s version %d, which is not copied", item.Subject, item.Version, ref.Subject, ref.Version)
		}
	}
	return nil
}

// asThere returns the schema of a version with references to what they are in the target,
// and whether all of these are known.
func (t *target) asThere(item *Item) (s serde.Schema, known bool) {
	s, known = item.schema, true
	s.References = slices.Clone(s.References)
	for i, ref := range s.References {
		version := t.byPlace[place{ref.Subject, ref.Version}].ToVersion
		known = known && version > 0
		s.References[i].Version = version
	}
	return s, known
}

func (t *target) lookAt(ctx context.Context, item *Item) error {
	mode, asked := t.modes[item.Subject]
	if !asked {
		var err error
		if mode, err = t.ModeOf(ctx, item.Subject); err != nil {
			return fmt.Errorf("%s: %w", item.Subject, err)
		}
		t.modes[item.Subject] = mode
	}
	s, known := t.asThere(item)
	if mode == "IMPORT" {
		return t.lookToImport(ctx, item, s, known)
	}
	item.Action = registered
	if known {
		found, err := t.Find(ctx, item.Subject, s)
		switch {
		case err == nil:
			item.Action, item.ToID, item.ToVersion = present, found.ID, found.Version
			return nil
		case !errors.Is(err, serde.ErrUnknownSchema):
			return fmt.Errorf("%s version %d: %w", item.Subject, item.Version, err)
		}
	}
	if strings.HasPrefix(mode, "READONLY") {
		return &registry.Error{
			Kinds: []error{registry.ErrIncompatible},
			Err:   fmt.Errorf("%s version %d: %w: the mode of the subject is %s", item.Subject, item.Version, registry.ErrRefused, mode),
		}
	}
	return nil
}

// lookToImport looks whether the version and the id are free, or what is asked for already.
func (t *target) lookToImport(ctx context.Context, item *Item, s serde.Schema, known bool) error {
	item.Action, item.ToID, item.ToVersion = imported, item.ID, item.Version
	there, err := t.BySubject(ctx, item.Subject, item.Version)
	if err == nil {
		same := there.ID == item.ID && sameText(there, s)
		if !same && known && there.ID == item.ID { // the registry may write it in its own way
			found, err := t.Find(ctx, item.Subject, s)
			same = err == nil && found.Version == item.Version
		}
		if !same {
			return cli.Errorf(cli.CodeAlreadyExists, "%s version %d: the target has another one, with the id %d", item.Subject, item.Version, there.ID)
		}
		item.Action = present
		return nil
	}
	if !errors.Is(err, serde.ErrUnknownSchema) {
		return err
	}
	there, err = t.ByID(ctx, item.ID, item.Subject)
	switch {
	case errors.Is(err, serde.ErrUnknownSchema):
		return nil
	case err != nil:
		return err
	case there.Type != s.Type || s.Type != "PROTOBUF" && !sameText(there, s): // of Protobuf's text the registry decides
		return cli.Errorf(cli.CodeAlreadyExists, "%s version %d: the id %d is that of another schema in the target", item.Subject, item.Version, item.ID)
	}
	return nil
}

// sameText reports whether two schemas are the same but for white space and the order of
// members.
func sameText(a, b serde.Schema) bool {
	if a.Type != b.Type {
		return false
	}
	if a.Type == "PROTOBUF" {
		return strings.TrimSpace(a.Text) == strings.TrimSpace(b.Text)
	}
	var left, right any
	if json.Unmarshal([]byte(a.Text), &left) != nil || json.Unmarshal([]byte(b.Text), &right) != nil {
		return strings.TrimSpace(a.Text) == strings.TrimSpace(b.Text)
	}
	return reflect.DeepEqual(left, right)
}

// copy adds what the target lacks. A registry that no longer answers ends it: what is left
// has the same error.
func (t *target) copy(ctx context.Context) {
	var stopped error
	for _, item := range t.items {
		if item.Cause != nil || item.Action == present {
			continue
		}
		if stopped != nil {
			item.Fail(stopped)
			continue
		}
		err := t.blocked(item)
		if err == nil {
			err = t.add(ctx, item)
		}
		if err != nil && fatal(ctx, err) {
			stopped = err
		}
		if err != nil {
			item.ToID, item.ToVersion = 0, 0
		}
		item.Fail(err)
		item.Copied = err == nil
	}
}

func (t *target) add(ctx context.Context, item *Item) error {
	s, _ := t.asThere(item)
	if item.Action == imported {
		s.ID, s.Version = item.ID, item.Version
		if err := t.Import(ctx, item.Subject, s); err != nil {
			return fmt.Errorf("%s version %d: %w", item.Subject, item.Version, err)
		}
		return nil
	}
	there, err := t.Register(ctx, item.Subject, s)
	if err != nil {
		return fmt.Errorf("%s version %d: %w", item.Subject, item.Version, err)
	}
	item.ToID, item.ToVersion = there.ID, there.Version
	return nil
}
