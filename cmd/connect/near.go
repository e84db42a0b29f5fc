package connect

import (
	"context"
	"errors"
	"slices"

	"kstream/cmd/cli"
	"kstream/cmd/suggest"
	"kstream/kafka"
	"kstream/serde"
	"kstream/serde/registry"
)

// NearTopic adds the nearest existing name to an error about an unknown topic.
func NearTopic(err error) error {
	var unknown *kafka.UnknownTopicError
	if !errors.As(err, &unknown) {
		return err
	}
	if near := suggest.Nearest(unknown.Topic, unknown.Existing); near != "" {
		return cli.Hint(err, "did you mean %s?", near)
	}
	if len(unknown.Existing) == 0 {
		return cli.Hint(err, "the cluster has no topics; kstream produce --create makes one")
	}
	return cli.Hint(err, "kstream topic list shows the topics")
}

// nearGroup adds the nearest existing name to an error about an unknown group, and the
// remedy to one about an active group.
func nearGroup(err error) error {
	var unknown *kafka.UnknownGroupError
	switch {
	case errors.Is(err, kafka.ErrGroupActive):
		return cli.Hint(err, "stop its members first: while they run they commit offsets of their own")
	case !errors.As(err, &unknown):
		return err
	}
	if near := suggest.Nearest(unknown.Group, unknown.Existing); near != "" {
		return cli.Hint(err, "did you mean %s?", near)
	}
	if len(unknown.Existing) == 0 {
		return cli.Hint(err, "the cluster has no groups; kstream consume --group makes one")
	}
	return cli.Hint(err, "kstream group list shows the groups")
}

// NearOrNew adds to the error of an unknown topic what may have been meant.
func NearOrNew(err error) error {
	var unknown *kafka.UnknownTopicError
	if !errors.As(err, &unknown) {
		return err
	}
	if near := suggest.Nearest(unknown.Topic, unknown.Existing); near != "" {
		return cli.Hint(err, "did you mean %s? --create creates %s", near, unknown.Topic)
	}
	return cli.Hint(err, "--create creates it")
}

// NearSubject explains that a subject, or a version of it, is not there, with what is.
func NearSubject(ctx context.Context, client *registry.Client, subject string, version int, err error) error {
	if !errors.Is(err, serde.ErrUnknownSchema) {
		return err
	}
	subjects, failed := client.Subjects(ctx)
	if failed != nil {
		return failed
	}
	if slices.Contains(subjects, subject) && version > 0 {
		versions, failed := client.Versions(ctx, subject, false)
		if failed != nil {
			return failed
		}
		return cli.Hint(cli.Errorf(cli.CodeUnknownSubject, "%s: no version %d", subject, version), "it has %v", versions)
	}
	err = cli.Errorf(cli.CodeUnknownSubject, "%s: no such subject", subject)
	if near := suggest.Nearest(subject, subjects); near != "" {
		return cli.Hint(err, "did you mean %s?", near)
	}
	if len(subjects) == 0 {
		return cli.Hint(err, "the registry at %s has none; kstream schema register makes one", client.URL())
	}
	return cli.Hint(err, "kstream schema list shows the subjects")
}
