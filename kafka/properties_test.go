package kafka

import (
	"errors"
	"testing"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// PropertyRules has every property that a client of this package gets.
func TestPropertyRulesAreComplete(t *testing.T) {
	rules := PropertyRules()
	l := newLogs(nil)
	defer l.stop(nil)
	user := Config{Properties: map[string]string{}, Debug: "broker"}
	for name, rule := range rules {
		if rule.Kind == Tunable {
			user.Properties[name] = "user's"
		}
	}
	full := func(gc GroupConfig) ck.ConfigMap {
		gc.InstanceID, gc.SessionTimeout = "i", time.Second
		return newMember(&Group{gc: gc, polling: t.Context()}, 1).properties()
	}
	reader := consumerConfig{bounded: true}
	classic := consumerConfig{group: "g", bounded: true, own: full(GroupConfig{Assignor: "range"})}
	modern := consumerConfig{group: "g", bounded: true, own: full(GroupConfig{Assignor: "range", Protocol: "consumer"})}
	producer := ProducerConfig{Compression: "lz4", Transactional: "t", MaxBatch: 1}
	slow := ProducerConfig{onePerCall: true}
	for kind, m := range map[string]*ck.ConfigMap{
		"reader":   user.properties("consumer", reader.properties(l)),
		"classic":  user.properties("consumer", classic.properties(l)),
		"modern":   user.properties("consumer", modern.properties(l)),
		"producer": user.properties("producer", producer.properties(user, l)),
		"slow":     user.properties("producer", slow.properties(user, l)),
		"admin":    user.properties("admin", nil),
	} {
		for name, value := range *m {
			rule, known := rules[name]
			if !known {
				t.Errorf("%s: %s has no rule", kind, name)
			}
			if kind != "admin" && rule.Kind == Tunable && value != "user's" {
				t.Errorf("%s: %s is %v, want the user's", kind, name, value)
			}
		}
	}
	for name, rule := range rules {
		err := Config{Properties: map[string]string{name: "1"}}.Check()
		if (err == nil) != (rule.Kind == Tunable) || err != nil && !errors.Is(err, ErrProperty) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
