package kafka

import (
	"cmp"
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// ErrNoAuthorizer is returned where the brokers have no authorizer: they check no rights
// and keep no ACLs.
var ErrNoAuthorizer = errors.New("the brokers have no authorizer: everybody may do everything, and there are no ACLs")

// ACL is one rule of who may do what (KIP-11, KIP-290). The words are Kafka's in lower
// case, as ACLOperations and ACLResources list them; one that the client does not know
// is "unknown".
type ACL struct {
	Principal  string // User:alice; User:* is everybody
	Host       string // an address, or * for all
	Operation  string
	Permission string // allow or deny
	Resource   string
	Name       string // * is every resource of the kind; ClusterName that of the cluster
	Pattern    string // literal, or prefixed: all resources whose names begin with Name
}

// ClusterName is the name of the one resource of the kind "cluster".
const ClusterName = "kafka-cluster"

// aclWords joins the words of rules with the client's numbers for them.
type aclWords struct {
	operations  map[string]ck.ACLOperation
	resources   map[string]ck.ResourceType
	patterns    map[string]ck.ResourcePatternType
	permissions map[string]ck.ACLPermissionType
}

func newACLWords() aclWords {
	return aclWords{
		operations: map[string]ck.ACLOperation{
			"all": ck.ACLOperationAll, "read": ck.ACLOperationRead, "write": ck.ACLOperationWrite,
			"create": ck.ACLOperationCreate, "delete": ck.ACLOperationDelete, "alter": ck.ACLOperationAlter,
			"describe": ck.ACLOperationDescribe, "cluster_action": ck.ACLOperationClusterAction,
			"describe_configs": ck.ACLOperationDescribeConfigs, "alter_configs": ck.ACLOperationAlterConfigs,
			"idempotent_write": ck.ACLOperationIdempotentWrite,
		},
		resources: map[string]ck.ResourceType{
			"topic": ck.ResourceTopic, "group": ck.ResourceGroup,
			"cluster":          ck.ResourceBroker, // the protocol's number of the cluster
			"transactional_id": ck.ResourceTransactionalID,
		},
		patterns: map[string]ck.ResourcePatternType{
			"literal": ck.ResourcePatternTypeLiteral, "prefixed": ck.ResourcePatternTypePrefixed,
		},
		permissions: map[string]ck.ACLPermissionType{
			"allow": ck.ACLPermissionTypeAllow, "deny": ck.ACLPermissionTypeDeny,
		},
	}
}

// ACLOperations returns the operations that rules can name for a kind of resource, sorted,
// or nil for a kind that does not exist. The operation "all" stands for all the others.
func ACLOperations(resource string) []string {
	switch resource {
	case "topic":
		return []string{"all", "alter", "alter_configs", "create", "delete", "describe", "describe_configs", "read", "write"}
	case "group":
		return []string{"all", "alter_configs", "delete", "describe", "describe_configs", "read"}
	case "transactional_id":
		return []string{"all", "describe", "write"}
	case "cluster":
		return []string{"all", "alter", "alter_configs", "cluster_action", "create", "describe", "describe_configs", "idempotent_write"}
	}
	return nil
}

// ACLResources returns the kinds of resources that the client can make rules about.
func ACLResources() []string { return []string{"topic", "group", "transactional_id", "cluster"} }

// binding returns the rule in the client's form.
func (w aclWords) binding(rule ACL) ck.ACLBinding {
	return ck.ACLBinding{
		Type: w.resources[rule.Resource], Name: rule.Name, ResourcePatternType: w.patterns[rule.Pattern],
		Principal: rule.Principal, Host: rule.Host,
		Operation: w.operations[rule.Operation], PermissionType: w.permissions[rule.Permission],
	}
}

// rule is binding's inverse.
func (w aclWords) rule(b ck.ACLBinding) ACL {
	return ACL{
		Principal: b.Principal, Host: b.Host, Name: b.Name,
		Operation: wordOf(w.operations, b.Operation), Permission: wordOf(w.permissions, b.PermissionType),
		Resource: wordOf(w.resources, b.Type), Pattern: wordOf(w.patterns, b.ResourcePatternType),
	}
}

func wordOf[T comparable](words map[string]T, number T) string {
	for word, n := range words {
		if n == number {
			return word
		}
	}
	return "unknown"
}

// CompareACLs compares rules by resource, then by principal; the result is as that of
// cmp.Compare.
func CompareACLs(a, b ACL) int {
	return cmp.Or(
		cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Pattern, b.Pattern),
		cmp.Compare(a.Principal, b.Principal), cmp.Compare(a.Permission, b.Permission),
		cmp.Compare(a.Operation, b.Operation), cmp.Compare(a.Host, b.Host),
	)
}

// ACLs returns all rules, in the order of CompareACLs. Its error wraps ErrNoAuthorizer if
// the brokers have no authorizer.
func (a *Admin) ACLs(ctx context.Context) ([]ACL, error) {
	cluster, err := a.mayDescribe(ctx)
	if err != nil {
		return nil, err
	}
	bounded, cancel := a.bounded(ctx)
	defer cancel()
	result, err := a.client.DescribeACLs(bounded, ck.ACLBindingFilter{
		Type: ck.ResourceAny, ResourcePatternType: ck.ResourcePatternTypeAny,
		Operation: ck.ACLOperationAny, PermissionType: ck.ACLPermissionTypeAny,
	}, requestWithin(a.cfg.timeout()))
	if err == nil && result.Error.Code() != ck.ErrNoError {
		err = result.Error
	}
	if err != nil {
		return nil, a.explainACL(err)
	}
	if len(result.ACLBindings) == 0 && a.withoutAuthorizer(ctx, cluster) {
		return nil, ErrNoAuthorizer
	}
	words := newACLWords()
	rules := make([]ACL, len(result.ACLBindings))
	for i, b := range result.ACLBindings {
		rules[i] = words.rule(b)
	}
	slices.SortFunc(rules, CompareACLs)
	return rules, nil
}

// mayDescribe returns the description of the cluster, or an error if the user may not see
// more of it than its nodes. For such a user the client returns no rules and no error, and
// crashes when it is asked for users.
func (a *Admin) mayDescribe(ctx context.Context) (*Cluster, error) {
	cluster, err := a.Cluster(ctx)
	if err == nil && cluster.Operations != nil && !slices.Contains(cluster.Operations, "describe") {
		err = &DeniedError{"describe", "cluster", "", a.cfg.Principal()}
	}
	return cluster, err
}

// withoutAuthorizer reports whether a broker's settings show that it has no authorizer. In
// that case the client returns no rules and no error.
func (a *Admin) withoutAuthorizer(ctx context.Context, cluster *Cluster) bool {
	if len(cluster.Brokers) == 0 {
		return false
	}
	settings, err := a.BrokerSettings(ctx, cluster.Brokers[0].ID)
	answer := SettingsAnswer{Settings: settings}
	authorizer := answer.Find("authorizer.class.name")
	return err == nil && authorizer != nil && authorizer.Value == ""
}

// CreateACLs adds rules; one that exists already is no error. It returns an error or nil
// for each rule, in their order, once the brokers show what was added.
func (a *Admin) CreateACLs(ctx context.Context, rules []ACL) ([]error, error) {
	if len(rules) == 0 {
		return nil, nil
	}
	words := newACLWords()
	bindings := make(ck.ACLBindings, len(rules))
	for i, rule := range rules {
		bindings[i] = words.binding(rule)
	}
	ctx, cancel := a.bounded(ctx)
	defer cancel()
	results, err := a.client.CreateACLs(ctx, bindings, requestWithin(a.cfg.timeout()))
	if err != nil {
		return nil, a.explainACL(err)
	}
	failures := make([]error, len(rules))
	for i := range rules {
		if i >= len(results) {
			failures[i] = fmt.Errorf("%w: the broker did not answer for it", ErrFailed)
		} else if results[i].Error.Code() != ck.ErrNoError {
			failures[i] = a.explainACL(results[i].Error)
		}
	}
	return failures, a.awaitACLs(ctx, rules, failures, true)
}

// DeleteACLs removes exactly these rules; one that does not exist is no error. It returns
// an error or nil for each rule, in their order, once the brokers no longer show what was
// removed.
func (a *Admin) DeleteACLs(ctx context.Context, rules []ACL) ([]error, error) {
	words := newACLWords()
	failures := make([]error, len(rules))
	var filters ck.ACLBindingFilters
	var asked []int // the rule behind each filter
	for i, rule := range rules {
		if slices.Contains([]string{rule.Operation, rule.Permission, rule.Resource, rule.Pattern}, "unknown") {
			failures[i] = fmt.Errorf("%w: the client does not know its kind", ErrFailed)
			continue
		}
		filters = append(filters, words.binding(rule))
		asked = append(asked, i)
	}
	if len(filters) == 0 {
		return failures, nil
	}
	ctx, cancel := a.bounded(ctx)
	defer cancel()
	results, err := a.client.DeleteACLs(ctx, filters, requestWithin(a.cfg.timeout()))
	if err != nil {
		return nil, a.explainACL(err)
	}
	for at, i := range asked {
		if at >= len(results) {
			failures[i] = fmt.Errorf("%w: the broker did not answer for it", ErrFailed)
		} else if results[at].Error.Code() != ck.ErrNoError {
			failures[i] = a.explainACL(results[at].Error)
		}
	}
	return failures, a.awaitACLs(ctx, rules, failures, false)
}

// awaitACLs waits until the rules that did not fail are shown, or no longer are: brokers
// hear of a change a moment after the controller.
func (a *Admin) awaitACLs(ctx context.Context, rules []ACL, failures []error, shown bool) error {
	for {
		now, err := a.ACLs(ctx)
		if errors.Is(err, ErrDenied) {
			return nil // who may change rules may be kept from seeing them
		}
		if err != nil {
			return fmt.Errorf("changed, and not seen yet: %w", err)
		}
		settled := true
		for i, rule := range rules {
			settled = settled && (failures[i] != nil || slices.Contains(now, rule) == shown)
		}
		if settled {
			return nil
		}
		if err := pause(ctx, pollInterval); err != nil {
			return fmt.Errorf("changed, and not seen yet: %w", err)
		}
	}
}

// explainACL is like explain, for errors of requests about rules.
func (a *Admin) explainACL(err error) error {
	var ke ck.Error
	if errors.As(err, &ke) && (ke.Code() == ck.ErrSecurityDisabled || ke.Code() == ck.ErrUnsupportedFeature) {
		return ErrNoAuthorizer
	}
	if errors.As(err, &ke) && ke.Code() == ck.ErrInvalidRequest {
		return fmt.Errorf("%w: %s", ErrProperty, strings.TrimPrefix(ke.Error(), "Broker: "))
	}
	return a.cfg.deniedOn(explain(a.cfg, a.logs, err), "alter", "cluster", "")
}

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
