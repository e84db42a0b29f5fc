package cmd

import (
	"context"

	"kstream/kafka"
)

// redrive is --redrive.
type redrive struct{}

func (f *replayFlags) planRedrive() (*redrive, error) { return &redrive{}, nil }

func (r *replay) sendBack(context.Context, *kafka.Record) error { return nil }
