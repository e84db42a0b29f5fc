// Package translate writes command lines of other Kafka tools as kstream's.
package translate

import (
	"fmt"
	"slices"
	"strings"

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
