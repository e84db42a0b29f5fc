package record

import (
	"context"
	"errors"
	"time"

	"kstream/cmd/cli"
	"kstream/kafka"
)

// Targets are the topics that records are written to. A name is not a topic: one that is
// deleted and created again has nothing of what was written before, and its id tells. One
// goroutine owns them.
type Targets struct {
	ids  map[string]string // of those that were found
	sent map[string]bool   // since the last Check
}

// Found notes the id that a topic has. It is compared with the first one that was noted.
func (t *Targets) Found(name, id string) {
	if t.ids == nil {
		t.ids, t.sent = map[string]string{}, map[string]bool{}
	}
	if t.ids[name] == "" {
		t.ids[name] = id
	}
}

// Sent notes that a record was sent to a topic that was found.
func (t *Targets) Sent(name string) {
	if t.ids[name] != "" {
		t.sent[name] = true
	}
}

// CheckLimit bounds a Check that work waits for.
const CheckLimit = 2 * time.Second

// ReplacedError says that a topic which records were sent to is not there any more, or is
// another one.
type ReplacedError struct {
	Topic string
	ID    string // that it has now; empty when there is none
}

func (e *ReplacedError) Error() string { return e.Topic + " was " + e.Cause() }

// Cause is the error without the topic.
func (e *ReplacedError) Cause() string {
	if e.ID == "" {
		return "deleted while records were written to it"
	}
	return "deleted and created again while records were written to it: what it had is gone"
}

// Code is the code of the error.
func (e *ReplacedError) Code() cli.Code {
	if e.ID == "" {
		return cli.CodeUnknownTopic
	}
	return cli.CodePartial
}

// Check asks for the topics that records were sent to since the last Check, all of which are
// acknowledged. A *ReplacedError says that they, and those before, may be gone: from then on
// the topic that is there counts. After another error, which is no answer, the next Check asks
// again.
func (t *Targets) Check(ctx context.Context, admin *kafka.Admin) error {
	for name := range t.sent {
		topics, err := admin.Topics(ctx, name)
		id := ""
		switch {
		case errors.Is(err, kafka.ErrUnknownTopic):
		case err != nil:
			return err
		default:
			id = topics[0].ID
		}
		delete(t.sent, name)
		if id != t.ids[name] {
			t.ids[name] = id
			return &ReplacedError{name, id}
		}
	}
	return nil
}
