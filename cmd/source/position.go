package source

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"kstream/cmd/record"
	"kstream/kafka"
)

// positionKey is the key of the record of a position. Its first member is none that progress of
// replay has.
type positionKey struct {
	Rows     string `json:"rows"` // the name
	What     string `json:"what"`
	Cursor   string `json:"cursor"`
	Target   string `json:"target"`
	TargetID string `json:"target_id"`
}

// positionValue is the last row that was written: its values of the cursor, as JSON.
type positionValue struct {
	Version int      `json:"version"`
	After   []string `json:"after"`
}

// load reads where the last run has ended. What its last transaction did is decided, when the id
// of the transactions was taken over before.
func (r *run) load(ctx context.Context) error {
	key, err := json.Marshal(r.key)
	if err != nil {
		return err
	}
	_, err = record.ReadProgress(ctx, r.admin, r.config, r.env.Notice, func(rec *kafka.Record) error {
		if !bytes.Equal(rec.Key, key) {
			return nil
		}
		r.query.after = nil
		if rec.Value == nil {
			return nil
		}
		var v positionValue
		if err := json.Unmarshal(rec.Value, &v); err != nil || v.Version != 1 || len(v.After) != len(r.query.cursor) {
			return fmt.Errorf("%s is no position of kstream", record.PlaceOf(rec))
		}
		r.query.after = v.After
		return nil
	})
	return err
}

// keep adds the position to the transaction.
func (r *run) keep(after []string) error {
	key, err := json.Marshal(r.key)
	if err != nil {
		return err
	}
	value, err := json.Marshal(positionValue{1, after})
	if err != nil {
		return err
	}
	r.Of(record.ProgressTopic).Add(key, value, nil, kafka.AnyPartition, kafka.Now)
	return nil
}
