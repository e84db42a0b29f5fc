package translate

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"kstream/cmd/cli"
)

func (k *kcat) consume() (*Translation, error) {
	k.add("consume")
	if k.mode == 'G' {
		if len(k.args) == 0 {
			return nil, cli.Usagef("kcat: -G %s lacks its topics", k.last('G'))
		}
		regex := false
		for _, topic := range k.args {
			if pattern, ok := strings.CutPrefix(topic, "^"); ok { // kcat's match anywhere behind the beginning
				regex, topic = true, pattern+".*"
			}
			k.add(topic)
		}
		if regex {
			k.add("--regex")
		}
		k.add("-g", k.last('G'))
		if !k.property("auto.offset.reset") {
			k.add("--offset-reset", "latest")
		}
	} else {
		topic, err := k.topic()
		if err != nil {
			return nil, err
		}
		k.add(topic)
		if len(k.args) > 0 {
			k.note("kcat does not look at %s", strings.Join(k.args, " "))
		}
	}
	if k.has('p') {
		k.add("-p", k.last('p'))
	}
	for _, offset := range k.options['o'] {
		if err := k.offset(offset); err != nil {
			return nil, err
		}
	}
	if k.has('e') {
		k.add("-e")
	}
	if k.has('c') {
		k.add("-n", k.last('c'))
	}
	switch {
	case k.has('J'):
		k.add("-o", "json")
		k.note("the members of the JSON have other names: see kstream help record-line")
	case k.has('f'):
		k.add("--kcat-format", k.last('f'))
	case k.has('O') && k.has('K'):
		k.add("-o", "%o"+k.last('K')+"%k"+k.last('K')+"%v"+k.delimiter())
	default:
		k.add("-o", "value")
		if k.has('K') {
			k.add("-K", k.last('K'))
		}
		if k.has('D') {
			k.add("-d", k.last('D'))
		}
	}
	if k.has('Z') && !k.has('J') {
		k.add("--null", "NULL")
	}
	k.serdes()
	k.common()
	return &k.out, nil
}

func (k *kcat) delimiter() string {
	if k.has('D') {
		return k.last('D')
	}
	return `\n`
}

// offset translates a value of -o.
func (k *kcat) offset(text string) error {
	switch {
	case text == "beginning":
		if k.mode == 'G' {
			k.add("--from-offset", "beginning")
		}
	case text == "end":
		k.add("--from-offset", "end")
	case text == "stored":
		if group := k.propertyValue("group.id"); group != "" {
			k.add("--from-offset", "stored:"+group)
		} else {
			k.note("-o stored: name the group, --from-offset stored:GROUP")
		}
	case strings.HasPrefix(text, "s@"), strings.HasPrefix(text, "e@"):
		at, err := position(text[2:])
		if err != nil {
			return cli.Usagef("kcat: -o %s: %w", text, err)
		}
		if text[0] == 's' {
			k.add("--from-offset", at)
		} else {
			k.add("--to-offset", at)
		}
	default:
		if _, err := strconv.ParseInt(text, 10, 64); err != nil {
			return cli.Usagef("kcat: -o %s: want beginning, end, stored, a number, s@TIME or e@TIME", text)
		}
		k.add("--from-offset=" + text)
	}
	return nil
}

// position is a time in milliseconds as a position; -1 and -2 are the ends, as in -Q.
func position(text string) (string, error) {
	ms, err := strconv.ParseInt(text, 10, 64)
	switch {
	case err != nil:
		return "", fmt.Errorf("want milliseconds since 1970")
	case ms == -1:
		return "end", nil
	case ms == -2:
		return "beginning", nil
	case len(text) == 13:
		return "@" + text, nil
	}
	return "@" + time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.999Z07:00"), nil
}

func (k *kcat) produce() (*Translation, error) {
	topic, err := k.topic()
	if err != nil {
		return nil, err
	}
	k.add("produce", topic)
	switch {
	case k.has('l') || len(k.args) == 0:
	default:
		k.add("-i", "file")
	}
	k.add(k.args...)
	if k.has('K') {
		k.add("-K", k.last('K'))
		if k.has('k') {
			k.note("-k with -K: lines without a key are bad data here")
		}
	} else if k.has('k') {
		k.add("-k", k.last('k'))
	}
	if k.has('D') {
		k.add("-d", k.last('D'))
	}
	for _, h := range k.options['H'] {
		k.add("-H", h)
	}
	switch p := k.last('p'); {
	case p == "-1":
		k.add("--partitioner", "random")
	case p != "":
		k.add("-p", p)
	}
	if k.has('z') {
		k.add("-z", k.last('z'))
	}
	if k.has('c') {
		k.add("-n", k.last('c'))
	}
	if k.has('Z') {
		k.add("--null-value", "")
		if k.has('K') {
			k.add("--null-key", "")
		}
	}
	if k.has('T') {
		k.note("-T: put tee in front, tee /dev/stderr | kstream produce …")
	}
	k.note("a topic that does not exist is an error here: --create makes it")
	k.serdes()
	k.common()
	return &k.out, nil
}

func (k *kcat) list() *Translation {
	if k.has('t') {
		k.add("topic", "describe", k.last('t'))
	} else {
		k.add("topic", "list", "--internal")
		k.note("the brokers: kstream cluster brokers")
	}
	if k.has('J') {
		k.add("-o", "json")
	}
	k.common()
	return &k.out
}

func (k *kcat) query() (*Translation, error) {
	var topic string
	var at []string
	for _, t := range k.options['t'] {
		parts := strings.Split(t, ":")
		if len(parts) != 3 {
			return nil, cli.Usagef("kcat: -Q -t %s: want TOPIC:PARTITION:TIMESTAMP", t)
		}
		if topic != "" && topic != parts[0] {
			return nil, cli.Usagef("kcat: -Q with several topics: translate one at a time")
		}
		where, err := position(parts[2])
		if err != nil {
			return nil, cli.Usagef("kcat: -Q -t %s: %w", t, err)
		}
		topic = parts[0]
		at = append(at, parts[1]+"="+where)
	}
	if topic == "" {
		return nil, cli.Usagef("kcat: -Q needs -t TOPIC:PARTITION:TIMESTAMP")
	}
	k.add("topic", "offsets", topic, "--at", strings.Join(at, ","))
	k.common()
	return &k.out, nil
}
