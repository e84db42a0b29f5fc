// Package translate writes command lines of other Kafka tools as kstream's.
package translate

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"kstream/cmd/cli"
)

// Translation is a command line, and what there is to know about it.
type Translation struct {
	Words []string // without "kstream"
	Notes []string // what is different, or has no counterpart
}

// kcatWithValue are the options of kcat that take a value, those of version 1.7.
const kcatWithValue = "tpbDKcmFXdzkHofsrG"

// kcatAlone are the options of kcat that stand alone.
const kcatAlone = "CPLQqvElTZeJOuaVh"

// kcat is a command line of kcat, taken apart.
type kcat struct {
	mode    byte // C, P, L, Q or G
	options map[byte][]string
	args    []string
	out     Translation
}

// Kcat returns what does the same as kcat with args, which may begin with its name. The
// error is a usage error that names the option which is not understood.
func Kcat(args []string) (*Translation, error) {
	if len(args) > 0 && slices.Contains([]string{"kcat", "kafkacat"}, args[0][strings.LastIndexByte(args[0], '/')+1:]) {
		args = args[1:]
	}
	k := &kcat{options: map[byte][]string{}}
	if err := k.parse(args); err != nil {
		return nil, err
	}
	switch k.mode {
	case 0:
		k.mode = 'C'
		k.note("kcat without -C and -P writes when its stdin is no terminal; this one reads")
	case 'L':
		return k.list(), nil
	case 'Q':
		return k.query()
	}
	if k.mode == 'P' {
		return k.produce()
	}
	return k.consume()
}

func (k *kcat) note(format string, args ...any) {
	k.out.Notes = append(k.out.Notes, fmt.Sprintf(format, args...))
}

func (k *kcat) add(words ...string) { k.out.Words = append(k.out.Words, words...) }

func (k *kcat) has(letter byte) bool { return len(k.options[letter]) > 0 }

// last returns the value of an option, of which the last one counts.
func (k *kcat) last(letter byte) string {
	values := k.options[letter]
	if len(values) == 0 {
		return ""
	}
	return values[len(values)-1]
}

// parse reads options as getopt does: letters in a cluster, a value behind its letter or
// in the next word, arguments between them.
func (k *kcat) parse(args []string) error {
	for i := 0; i < len(args); i++ {
		word := args[i]
		if word == "--" {
			k.args = append(k.args, args[i+1:]...)
			break
		}
		if len(word) < 2 || word[0] != '-' {
			k.args = append(k.args, word)
			continue
		}
		for letters := word[1:]; letters != ""; letters = letters[1:] {
			letter := letters[0]
			value, takes := "", strings.IndexByte(kcatWithValue, letter) >= 0
			switch {
			case !takes && strings.IndexByte(kcatAlone, letter) < 0:
				return cli.Usagef("kcat has no option -%c", letter)
			case takes && len(letters) > 1:
				value, letters = letters[1:], letters[:1]
			case takes && i+1 < len(args):
				i++
				value = args[i]
			case takes:
				return cli.Usagef("kcat: -%c lacks its value", letter)
			}
			k.options[letter] = append(k.options[letter], value)
			if strings.IndexByte("CPLQG", letter) >= 0 {
				if k.mode != 0 && k.mode != letter {
					return cli.Usagef("kcat: -%c and -%c exclude each other", k.mode, letter)
				}
				k.mode = letter
			}
		}
	}
	return nil
}

// topic returns the topic of -t.
func (k *kcat) topic() (string, error) {
	if !k.has('t') {
		return "", cli.Usagef("kcat: -t TOPIC is missing")
	}
	return k.last('t'), nil
}

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

// serdes translates -s and -r.
func (k *kcat) serdes() {
	for _, s := range k.options['s'] {
		which, spec, named := strings.Cut(s, "=")
		if !named {
			which, spec = "", s
		}
		if spec != "avro" {
			spec = "pack:" + spec
		}
		if which != "value" {
			k.add("--key-serde", spec)
		}
		if which != "key" {
			k.add("-s", spec)
		}
	}
	if k.has('r') {
		k.add("--registry", k.last('r'))
	}
}

// common translates what all modes share.
func (k *kcat) common() {
	if k.has('b') {
		k.add("-b", strings.Join(k.options['b'], ","))
	}
	if k.has('F') {
		k.add("--properties", k.last('F'))
	}
	for _, property := range k.options['X'] {
		name, value, _ := strings.Cut(strings.TrimPrefix(property, "topic."), "=")
		switch {
		case name == "list" || name == "dump":
			k.note("-X %s: kstream help properties, kstream context show --effective", name)
		case name == "transactional.id" && k.mode == 'P':
			k.add("--transactional-id", value)
		case name == "group.id":
			if k.mode == 'G' {
				k.note("-X group.id is -G's name")
			}
		case name == "auto.offset.reset" && k.mode == 'G':
			k.add("--offset-reset", map[string]string{"smallest": "earliest", "beginning": "earliest", "earliest": "earliest", "error": "error"}[value])
			if k.out.Words[len(k.out.Words)-1] == "" {
				k.out.Words[len(k.out.Words)-1] = "latest"
			}
		case name == "isolation.level" && (k.mode == 'G' || k.mode == 'C'):
			k.add("--isolation", value)
		default:
			k.add("-X", name+"="+value)
		}
	}
	if k.has('m') {
		k.add("--timeout", k.last('m')+"s")
	}
	if k.has('q') {
		k.add("-q")
	}
	if k.has('v') {
		k.add("-v")
	}
	if k.has('d') {
		k.add("-vv")
	}
	if k.has('E') {
		k.note("-E has no counterpart: what can be waited for is waited for within --timeout")
	}
}

func (k *kcat) property(name string) bool {
	return slices.ContainsFunc(k.options['X'], func(p string) bool {
		return strings.HasPrefix(strings.TrimPrefix(p, "topic."), name+"=")
	})
}

func (k *kcat) propertyValue(name string) (value string) {
	for _, p := range k.options['X'] {
		if v, ok := strings.CutPrefix(p, name+"="); ok {
			value = v
		}
	}
	return value
}
