package schemacopy

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"

	"golang.org/x/sync/errgroup"

	"kstream/cmd/cli"
	"kstream/serde"
	"kstream/serde/registry"
)

// atOnce is how many subjects are read at the same time.
const atOnce = 8

func isPattern(name string) bool { return strings.ContainsAny(name, "*?") }

// matches reports whether pattern is name, or matches all of it. A / is a character as
// any other.
func matches(pattern, name string) bool {
	if pattern == name {
		return true
	}
	if !isPattern(pattern) {
		return false
	}
	ok, err := path.Match(strings.ReplaceAll(pattern, "/", "\x00"), strings.ReplaceAll(name, "/", "\x00"))
	return err == nil && ok
}

// place is a version of a subject.
type place struct {
	subject string
	version int
}

// gather reads the subjects wanted and those that their schemas refer to, and returns the
// versions of all of them, each behind the earlier ones of its subject and behind what it
// refers to.
func gather(ctx context.Context, source *registry.Client, wanted []string) ([]*Item, error) {
	next, err := subjectsOf(ctx, source, wanted)
	if err != nil {
		return nil, err
	}
	s := sorter{bySubject: map[string][]*Item{}, done: map[place]bool{}}
	var order []string
	for len(next) > 0 {
		read, err := readAll(ctx, source, next)
		if err != nil {
			return nil, err
		}
		order = append(order, next...)
		for i, subject := range next {
			s.bySubject[subject] = read[i]
		}
		var more []string
		for _, item := range flat(read) {
			for _, ref := range item.schema.References {
				if _, known := s.bySubject[ref.Subject]; !known {
					more = append(more, ref.Subject)
				}
			}
		}
		next = cli.Distinct(more)
	}
	for _, subject := range order {
		for i := range s.bySubject[subject] {
			if err := s.add(subject, i); err != nil {
				return nil, err
			}
		}
	}
	return s.sorted, nil
}

func flat(lists [][]*Item) (all []*Item) {
	for _, list := range lists {
		all = append(all, list...)
	}
	return all
}

// readAll reads all versions of subjects, ascending. A subject that has gone, or that is
// only referred to and does not exist, has none.
func readAll(ctx context.Context, source *registry.Client, subjects []string) ([][]*Item, error) {
	lists := make([][]*Item, len(subjects))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i, subject := range subjects {
		group.Go(func() error { // ends with its questions
			versions, err := source.Versions(ctx, subject, false)
			if errors.Is(err, serde.ErrUnknownSchema) {
				return nil
			}
			if err != nil {
				return err
			}
			for _, v := range versions {
				schema, err := source.BySubject(ctx, subject, v)
				if err != nil {
					return fmt.Errorf("%s version %d: %w", subject, v, err)
				}
				lists[i] = append(lists[i], &Item{Subject: subject, Version: v, ID: schema.ID, Type: schema.Type, schema: schema})
			}
			return nil
		})
	}
	return lists, group.Wait()
}

// sorter puts versions in an order in which a registry takes them.
type sorter struct {
	bySubject map[string][]*Item
	done      map[place]bool // false while what it needs is being added
	sorted    []*Item
}

// add adds version number i of a subject behind what it needs.
func (s *sorter) add(subject string, i int) error {
	item := s.bySubject[subject][i]
	at := place{subject, item.Version}
	if done, begun := s.done[at]; done {
		return nil
	} else if begun {
		return fmt.Errorf("%s version %d refers to itself", subject, item.Version)
	}
	s.done[at] = false
	if i > 0 {
		if err := s.add(subject, i-1); err != nil {
			return err
		}
	}
	for _, ref := range item.schema.References {
		for j, other := range s.bySubject[ref.Subject] {
			if other.Version == ref.Version {
				if err := s.add(ref.Subject, j); err != nil {
					return err
				}
			}
		}
	}
	s.done[at] = true
	s.sorted = append(s.sorted, item)
	return nil
}
