package cmd

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"kstream/kafka"
)

// choiceFlags say how arguments name topics.
type choiceFlags struct{ regex bool }

func (f *choiceFlags) register(flags *pflag.FlagSet) {
	flags.BoolVar(&f.regex, "regex", false, "topics are regular expressions (RE2) that match whole names")
}

// topicsFlags are those of every command about topics that exist.
type topicsFlags struct {
	cluster clusterFlags
	listing listingFlags
	choice  choiceFlags
}

func (f *topicsFlags) register(flags *pflag.FlagSet) {
	f.choice.register(flags)
	f.listing.register(flags)
	f.cluster.register(flags)
}

// topicsPlan is topicsFlags, checked, and the topics that arguments name.
type topicsPlan struct {
	listing *listing
	choice  *topicChoice
}

func (f *topicsFlags) plan(env *Env, args []string) (p topicsPlan, err error) {
	if p.choice, err = f.choice.plan(args); err != nil {
		return p, err
	}
	if p.listing, err = f.listing.plan(env); err != nil {
		return p, err
	}
	return p, f.cluster.plan(env)
}

// topicChoice is what arguments name: topics, and patterns of their names. A character
// that no topic's name has makes a pattern: * ? [ as the shell knows them.
type topicChoice struct {
	wanted []wantedTopic
}

type wantedTopic struct {
	text    string
	pattern *regexp.Regexp // nil: text is the name
}

func (f *choiceFlags) plan(args []string) (*topicChoice, error) {
	c := &topicChoice{}
	for _, arg := range distinct(args) {
		w := wantedTopic{text: arg}
		expr := arg
		switch {
		case arg == "":
			return nil, usagef("a topic name is empty")
		case f.regex:
		case strings.ContainsAny(arg, "*?["):
			expr = globExpr(arg)
		default:
			c.wanted = append(c.wanted, w)
			continue
		}
		var err error
		if w.pattern, err = wholeName(expr); err != nil {
			return nil, usagef("topic pattern %s: %w", arg, err)
		}
		c.wanted = append(c.wanted, w)
	}
	return c, nil
}

// wholeName makes a regular expression that matches names from the beginning to the end.
func wholeName(expr string) (*regexp.Regexp, error) {
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

// patterns gives the patterns among what is wanted.
func (c *topicChoice) patterns() (patterns []*regexp.Regexp) {
	for _, w := range c.wanted {
		if w.pattern != nil {
			patterns = append(patterns, w.pattern)
		}
	}
	return patterns
}

// find describes what is wanted, in the order of the arguments and each topic once. What
// does not exist has an error of its own, so that it does not hide the others. Patterns
// leave internal topics out.
func (c *topicChoice) find(ctx context.Context, admin *kafka.Admin) ([]kafka.TopicAnswer, error) {
	var names []string
	for _, w := range c.wanted {
		if w.pattern == nil {
			names = append(names, w.text)
		}
	}
	named, err := admin.TopicAnswers(ctx, names...)
	if err != nil {
		return nil, err
	}
	var all []kafka.Topic
	if len(named) < len(c.wanted) {
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
	for _, w := range c.wanted {
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
			err := hint(faultf(codeUnknownTopic, "no topic matches %s", w.text), "kstream topic list shows the topics")
			add(kafka.TopicAnswer{Topic: kafka.Topic{Name: w.text}, Err: err})
		}
	}
	return found, nil
}

// causesOf lists the errors of answers, a nil for each topic that was found.
func causesOf(found []kafka.TopicAnswer) []error {
	causes := make([]error, len(found))
	for i := range found {
		causes[i] = found[i].Err
	}
	return causes
}

// topicErrors is the error of a command that tries all of its topics. What the error
// itself does not say of several that failed, notices do.
func topicErrors(env *Env, causes []error) error {
	first := true
	for _, err := range causes {
		if err == nil {
			continue
		}
		if !first {
			env.notice("kstream: %v", nearTopic(err))
		}
		first = false
	}
	return severalErrors("topics", causes)
}
