package record

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/kafka"
)

// ChoiceOptions say how arguments name topics.
type ChoiceOptions struct{ Regex bool }

// TopicsOptions are those of every command about topics that exist.
type TopicsOptions struct {
	Cluster connect.Options
	Listing cli.ListingOptions
	Choice  ChoiceOptions
}

// TopicsPlan is [TopicsOptions], checked, and the topics that arguments name.
type TopicsPlan struct {
	Listing *cli.Listing
	Choice  *TopicChoice
}

// Plan returns the topics that args choose, or a usage error. It asks nobody.
func (f *TopicsOptions) Plan(env *cli.Env, args []string) (p TopicsPlan, err error) {
	if p.Choice, err = f.Choice.Plan(args); err != nil {
		return p, err
	}
	if p.Listing, err = f.Listing.Plan(env); err != nil {
		return p, err
	}
	return p, f.Cluster.Plan(env)
}

// TopicChoice is what arguments name: topics, and patterns of their names. A character
// that no topic's name has makes a pattern: * ? [ as the shell knows them.
type TopicChoice struct {
	Wanted []wantedTopic
}

type wantedTopic struct {
	text    string
	pattern *regexp.Regexp // nil: text is the name
}

// Plan returns the topics and patterns that args name, or a usage error. It asks nobody.
func (f *ChoiceOptions) Plan(args []string) (*TopicChoice, error) {
	c := &TopicChoice{}
	for _, arg := range cli.Distinct(args) {
		w := wantedTopic{text: arg}
		expr := arg
		switch {
		case arg == "":
			return nil, cli.Usagef("a topic name is empty")
		case f.Regex:
		case strings.ContainsAny(arg, "*?["):
			expr = globExpr(arg)
		default:
			c.Wanted = append(c.Wanted, w)
			continue
		}
		var err error
		if w.pattern, err = WholeName(expr); err != nil {
			return nil, cli.Usagef("topic pattern %s: %w", arg, err)
		}
		c.Wanted = append(c.Wanted, w)
	}
	return c, nil
}

// WholeName makes a regular expression that matches names from the beginning to the end.
func WholeName(expr string) (*regexp.Regexp, error) {
	if _, err := regexp.Compile(expr); err != nil { // else its error would show what is around it
		return nil, err
	}
	return regexp.Compile("^(?:" + expr + ")$")
}

// globExpr turns a shell pattern into a regular expression.
func globExpr(glob string) string {
	var b strings.Builder
	for i := 0; i < len(glob); i++ {
		switch c := glob[i]; c {
		case '*':
			b.WriteString(".*")
		case '?':
			b.WriteString(".")
		case '[':
			class := glob[i:]
			if end := strings.IndexByte(class, ']'); end > 1 {
				class = class[:end+1]
				i += end
			} else {
				i = len(glob)
			}
			if strings.HasPrefix(class, "[!") {
				class = "[^" + class[2:]
			}
			b.WriteString(class) // an open one is refused by the compiler
		default:
			b.WriteString(regexp.QuoteMeta(string(c)))
		}
	}
	return b.String()
}

// Patterns returns the patterns among what is wanted.
func (c *TopicChoice) Patterns() (patterns []*regexp.Regexp) {
	for _, w := range c.Wanted {
		if w.pattern != nil {
			patterns = append(patterns, w.pattern)
		}
	}
	return patterns
}

// Find describes what is wanted, in the order of the arguments and each topic once. What
// does not exist has an error of its own, so that it does not hide the others. Patterns
// leave internal topics out.
func (c *TopicChoice) Find(ctx context.Context, admin *kafka.Admin) ([]kafka.TopicAnswer, error) {
	var names []string
	for _, w := range c.Wanted {
		if w.pattern == nil {
			names = append(names, w.text)
		}
	}
	named, err := admin.TopicAnswers(ctx, names...)
	if err != nil {
		return nil, err
	}
	var all []kafka.Topic
	if len(named) < len(c.Wanted) {
		if all, err = admin.AllTopics(ctx); err != nil {
			return nil, err
		}
	}
	var found []kafka.TopicAnswer
	seen := map[string]bool{}
	add := func(t kafka.TopicAnswer) {
		if !seen[t.Name] {
			seen[t.Name] = true
			found = append(found, t)
		}
	}
	for _, w := range c.Wanted {
		if w.pattern == nil {
			i := slices.IndexFunc(named, func(t kafka.TopicAnswer) bool { return t.Name == w.text })
			add(named[i])
			continue
		}
		matches := 0
		for _, t := range all {
			if !t.Internal && w.pattern.MatchString(t.Name) {
				add(kafka.TopicAnswer{Topic: t})
				matches++
			}
		}
		if matches == 0 {
			err := cli.Hint(cli.Errorf(cli.CodeUnknownTopic, "no topic matches %s", w.text), "kstream topic list shows the topics")
			add(kafka.TopicAnswer{Topic: kafka.Topic{Name: w.text}, Err: err})
		}
	}
	return found, nil
}

// CausesOf lists the errors of answers, a nil for each topic that was found.
func CausesOf(found []kafka.TopicAnswer) []error {
	causes := make([]error, len(found))
	for i := range found {
		causes[i] = found[i].Err
	}
	return causes
}

// TopicErrors is the error of a command that tries all of its topics. What the error
// itself does not say of several that failed, notices do.
func TopicErrors(env *cli.Env, causes []error) error {
	first := true
	for _, err := range causes {
		if err == nil {
			continue
		}
		if !first {
			env.Notice("kstream: %v", connect.NearTopic(err))
		}
		first = false
	}
	return cli.SeveralErrors("topics", causes)
}
