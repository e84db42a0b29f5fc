package cmd

import (
	"context"
	"errors"
	"slices"
	"strings"
)

// openDump starts to read a dump. Of one with several topics, that of the other side's
// name is compared.
func (s *diffSide) openDump(ctx context.Context, env *Env) error {
	if err := s.flags.cluster.connectRegistry(ctx, env); err != nil {
		return err
	}
	reader, err := openDump(env, s.path)
	if err != nil {
		return err
	}
	var names []string
	for _, t := range dumpedTopics(reader) {
		names = append(names, t.Name)
	}
	switch {
	case len(names) == 1:
		s.topic = names[0]
	case slices.Contains(names, s.beside):
		s.topic = s.beside
	case len(names) > 1:
		return errors.Join(usagef("%s holds several topics: %s; one of this name must be the other side", s.name, strings.Join(names, ", ")), reader.Close())
	}
	if err := s.reading.selectIn(reader); err != nil {
		return errors.Join(err, reader.Close())
	}
	s.source = &dumpSource{env: env, blocks: intactBlocks{reader: reader, skip: s.plan.failures.action == "skip"}}
	return nil
}
