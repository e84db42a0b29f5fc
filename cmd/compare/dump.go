package compare

import (
	"context"
	"errors"
	"slices"
	"strings"

	"kstream/cmd/cli"
	"kstream/cmd/record"
)

// openDump starts to read a dump. Of one with several topics, that of the other side's
// name is compared.
func (s *side) openDump(ctx context.Context, env *cli.Env, p *sidePlan) error {
	if err := s.Cluster.ConnectRegistry(ctx, env); err != nil {
		return err
	}
	reader, err := record.OpenDump(env, p.path)
	if err != nil {
		return err
	}
	var names []string
	for _, t := range record.DumpedTopics(reader) {
		names = append(names, t.Name)
	}
	switch {
	case len(names) == 1:
		s.topic = names[0]
	case slices.Contains(names, p.beside):
		s.topic = p.beside
	case len(names) > 1:
		return errors.Join(cli.Usagef("%s holds several topics: %s; one of this name must be the other side", s.name, strings.Join(names, ", ")), reader.Close())
	}
	if err := s.Range.SelectIn(reader); err != nil {
		return errors.Join(err, reader.Close())
	}
	s.source = &record.DumpSource{Env: env, Blocks: record.IntactBlocks{Reader: reader, Skip: s.Failures.Action == "skip"}}
	return nil
}
