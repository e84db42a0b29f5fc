package kafka

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// TopicRights returns the partitions of a topic, and what the user may do to it, in the names
// of ACLs, sorted; nil when the broker does not tell.
func (a *Admin) TopicRights(ctx context.Context, name string) (partitions int, operations []string, err error) {
	ctx, cancel := a.bounded(ctx)
	defer cancel()
	result, err := a.client.DescribeTopics(ctx, ck.NewTopicCollectionOfTopicNames([]string{name}),
		requestWithin(a.cfg.timeout()), ck.SetAdminOptionIncludeAuthorizedOperations(true))
	if err != nil {
		return 0, nil, explain(a.cfg, a.logs, err)
	}
	if len(result.TopicDescriptions) != 1 {
		return 0, nil, fmt.Errorf("%s: %w: the broker did not answer for it", name, ErrFailed)
	}
	d := result.TopicDescriptions[0]
	switch code := d.Error.Code(); {
	case notATopic(code):
		return 0, nil, a.unknownTopic(ctx, name)
	case code != ck.ErrNoError:
		return 0, nil, a.refusedOn(d.Error, "describe", "topic", name)
	}
	return len(d.Partitions), operationNames(d.AuthorizedOperations), nil
}

// GroupRights is TopicRights for a group. One that does not exist is GroupDead.
func (a *Admin) GroupRights(ctx context.Context, name string) (state GroupState, operations []string, err error) {
	ctx, cancel := a.bounded(ctx)
	defer cancel()
	var result ck.DescribeConsumerGroupsResult
	err = a.askCoordinator(ctx, name, func(client *ck.AdminClient, within ck.AdminOptionRequestTimeout) (err error) {
		result, err = client.DescribeConsumerGroups(ctx, []string{name}, within, ck.SetAdminOptionIncludeAuthorizedOperations(true))
		if err != nil {
			return err
		}
		return unsettled(result)
	})
	if err != nil {
		return "", nil, explain(a.cfg, a.logs, err)
	}
	if len(result.ConsumerGroupDescriptions) != 1 {
		return "", nil, fmt.Errorf("%s: %w: the broker did not answer for it", name, ErrFailed)
	}
	d := result.ConsumerGroupDescriptions[0]
	switch d.Error.Code() {
	case ck.ErrNoError, ck.ErrGroupIDNotFound:
		return groupOf(d).State, operationNames(d.AuthorizedOperations), nil
	}
	return "", nil, a.refusedOn(d.Error, "describe", "group", name)
}

func operationNames(operations []ck.ACLOperation) []string {
	if operations == nil {
		return nil
	}
	names := []string{}
	for _, op := range operations {
		names = append(names, strings.ToLower(op.String()))
	}
	slices.Sort(names)
	return names
}

// Principal returns who brokers take us for, such as User:alice, as far as the properties
// tell it: the user of a login, or the subject of the client certificate. It is empty where
// they do not, as with tokens.
func (c Config) Principal() string {
	switch security := strings.ToUpper(c.Properties["security.protocol"]); {
	case strings.HasPrefix(security, "SASL"):
		if user := c.Properties["sasl.username"]; user != "" && strings.ToUpper(mechanismOf(c.Properties)) != "OAUTHBEARER" {
			return "User:" + user
		}
		return ""
	case security == "SSL":
		text, err := pemOf(c.Properties, "ssl.certificate")
		if err != nil {
			return ""
		}
		if block, _ := pem.Decode(text); block != nil {
			if cert, err := x509.ParseCertificate(block.Bytes); err == nil {
				return "User:" + cert.Subject.String()
			}
		}
		if c.Properties["ssl.keystore.location"] != "" {
			return ""
		}
	}
	return "User:ANONYMOUS"
}
