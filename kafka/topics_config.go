package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// ConfigSource is where the value of a setting comes from. The texts are those of Kafka's
// ConfigEntry.ConfigSource in lower case.
type ConfigSource string

// The sources, the strongest first.
const (
	SourceTopic         ConfigSource = "dynamic_topic_config"
	SourceBroker        ConfigSource = "dynamic_broker_config"
	SourceDefaultBroker ConfigSource = "dynamic_default_broker_config" // set for all brokers at once
	SourceStatic        ConfigSource = "static_broker_config"          // in the file with which the broker started
	SourceDefault       ConfigSource = "default_config"
	SourceUnknown       ConfigSource = "unknown"
)

// Setting is one entry of the configuration of a topic or broker. Brokers never return the
// value of a sensitive one.
type Setting struct {
	Name, Value string
	Source      ConfigSource
	ReadOnly    bool
	Sensitive   bool
}

// Default reports whether the value is Kafka's default.
func (s *Setting) Default() bool { return s.Source == SourceDefault }

// SettingsAnswer is the configuration of one topic, sorted by name, or the error of asking
// for it.
type SettingsAnswer struct {
	Settings []Setting
	Err      error
}

// Find returns the setting with the name, or nil.
func (s *SettingsAnswer) Find(name string) *Setting {
	for i := range s.Settings {
		if s.Settings[i].Name == name {
			return &s.Settings[i]
		}
	}
	return nil
}

// TopicSettings returns the configuration of topics, by the topics' names.
func (a *Admin) TopicSettings(ctx context.Context, names ...string) (map[string]SettingsAnswer, error) {
	resources := make([]ck.ConfigResource, len(names))
	for i, name := range names {
		resources[i] = ck.ConfigResource{Type: ck.ResourceTopic, Name: name}
	}
	return a.settings(ctx, ck.ResourceTopic, resources)
}

// BrokerSettings returns the configuration of a broker, sorted by name.
func (a *Admin) BrokerSettings(ctx context.Context, id int32) ([]Setting, error) {
	name := strconv.Itoa(int(id))
	answers, err := a.settings(ctx, ck.ResourceBroker, []ck.ConfigResource{{Type: ck.ResourceBroker, Name: name}})
	if err != nil {
		return nil, err
	}
	return answers[name].Settings, answers[name].Err
}

// settings requests the configuration of resources and returns those of one kind, by name.
func (a *Admin) settings(ctx context.Context, kind ck.ResourceType, resources []ck.ConfigResource) (map[string]SettingsAnswer, error) {
	answers := make(map[string]SettingsAnswer, len(resources))
	if len(resources) == 0 {
		return answers, nil
	}
	ctx, cancel := a.bounded(ctx)
	defer cancel()
	results, err := a.client.DescribeConfigs(ctx, resources, requestWithin(a.cfg.timeout()))
	if err != nil {
		return nil, explain(a.cfg, a.logs, err)
	}
	for _, r := range results {
		if r.Type != kind {
			continue
		}
		var answer SettingsAnswer
		if r.Error.Code() != ck.ErrNoError {
			resource, name := "topic", r.Name
			if kind == ck.ResourceBroker {
				resource, name = "cluster", ""
			}
			answer.Err = a.cfg.deniedOn(explain(a.cfg, a.logs, r.Error), "describe_configs", resource, name)
			if !errors.Is(answer.Err, ErrDenied) {
				answer.Err = fmt.Errorf("%s: configuration: %w", r.Name, answer.Err)
			}
		}
		for _, e := range r.Config {
			answer.Settings = append(answer.Settings, Setting{e.Name, e.Value, sourceOf(e), e.IsReadOnly, e.IsSensitive})
		}
		slices.SortFunc(answer.Settings, func(a, b Setting) int { return cmp.Compare(a.Name, b.Name) })
		answers[r.Name] = answer
	}
	return answers, nil
}

func sourceOf(e ck.ConfigEntryResult) ConfigSource {
	switch e.Source {
	case ck.ConfigSourceDynamicTopic:
		return SourceTopic
	case ck.ConfigSourceDynamicBroker:
		return SourceBroker
	case ck.ConfigSourceDynamicDefaultBroker:
		return SourceDefaultBroker
	case ck.ConfigSourceStaticBroker:
		return SourceStatic
	case ck.ConfigSourceDefault:
		return SourceDefault
	}
	return SourceUnknown
}

// AlterTopic sets some settings of a topic and resets others to the value of the broker,
// all or none. Settings that are not named stay as they are, because the request is the
// incremental one (KIP-339). With validateOnly the broker checks the request and changes
// nothing; otherwise AlterTopic returns when every broker that answers has the change.
func (a *Admin) AlterTopic(ctx context.Context, name string, set map[string]string, reset []string, validateOnly bool) error {
	resource := ck.ConfigResource{Type: ck.ResourceTopic, Name: name}
	for key, value := range set {
		resource.Config = append(resource.Config, ck.ConfigEntry{Name: key, Value: value, IncrementalOperation: ck.AlterConfigOpTypeSet})
	}
	for _, key := range reset {
		resource.Config = append(resource.Config, ck.ConfigEntry{Name: key, IncrementalOperation: ck.AlterConfigOpTypeDelete})
	}
	ctx, cancel := a.bounded(ctx)
	defer cancel()
	results, err := a.client.IncrementalAlterConfigs(ctx, []ck.ConfigResource{resource},
		requestWithin(a.cfg.timeout()), ck.SetAdminValidateOnly(validateOnly))
	if err != nil {
		return explain(a.cfg, a.logs, err)
	}
	for _, r := range results {
		if r.Error.Code() != ck.ErrNoError {
			return a.named(a.explainSetting(r.Error), "alter_configs", "topic", r.Name)
		}
	}
	if validateOnly {
		return nil
	}
	return a.configured(ctx, name, set, reset)
}

// settingError is a setting that a broker has refused, in its words. It is an
// ErrProperty.
type settingError struct{ text string }

func (e *settingError) Error() string { return e.text }

func (e *settingError) Is(target error) bool { return target == ErrProperty }

// explainSetting is explain for requests that set the configuration of topics.
func (a *Admin) explainSetting(err ck.Error) error {
	if err.Code() == ck.ErrInvalidConfig {
		return &settingError{strings.TrimPrefix(err.Error(), "Broker: ")}
	}
	return explain(a.cfg, a.logs, err)
}

// MaxMessage returns the topic's max.message.bytes, the size in bytes of the largest batch
// of records that it accepts. It returns 0 if that is not known: a user who may write to a
// topic need not be allowed to describe its configuration.
func (a *Admin) MaxMessage(ctx context.Context, topic string) int {
	ctx, cancel := a.bounded(ctx)
	defer cancel()
	results, err := a.client.DescribeConfigs(ctx, []ck.ConfigResource{{Type: ck.ResourceTopic, Name: topic}},
		requestWithin(a.cfg.timeout()))
	if err != nil || len(results) != 1 {
		return 0
	}
	n, err := strconv.Atoi(results[0].Config["max.message.bytes"].Value)
	if err != nil {
		return 0
	}
	return n
}
