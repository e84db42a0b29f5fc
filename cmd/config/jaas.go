package config

import (
	"errors"
	"fmt"
	"strings"
)

// parseJAAS reads the one login module of a sasl.jaas.config:
//
//	org.apache.kafka.common.security.plain.PlainLoginModule required username="u" password="p";
//
// and returns librdkafka's settings. Errors never repeat a value.
func parseJAAS(text string) ([]Line, error) {
	words, err := jaasWords(text)
	if err != nil {
		return nil, err
	}
	if len(words) < 2 {
		return nil, errors.New("want MODULE required NAME=\"VALUE\" …;")
	}
	class := words[0][strings.LastIndexByte(words[0], '.')+1:]
	names := map[string]string{"username": "sasl.username", "password": "sasl.password"}
	switch class {
	case "PlainLoginModule", "ScramLoginModule":
	case "OAuthBearerLoginModule":
		names = map[string]string{
			"clientId": "sasl.oauthbearer.client.id", "clientSecret": "sasl.oauthbearer.client.secret",
			"scope": "sasl.oauthbearer.scope",
		}
	case "IAMLoginModule": // of Amazon MSK
		names = map[string]string{"awsProfileName": mskProfile, "awsRoleArn": mskRole}
	case "Krb5LoginModule":
		if !kerberos {
			return nil, errNoKerberos()
		}
		names = map[string]string{"principal": "sasl.kerberos.principal", "keyTab": "sasl.kerberos.keytab"}
	default:
		return nil, fmt.Errorf("the login module is none of PlainLoginModule, ScramLoginModule, OAuthBearerLoginModule and IAMLoginModule")
	}
	var out []Line
	for _, word := range words[2:] {
		name, value, ok := strings.Cut(word, "=")
		if !ok {
			return nil, errors.New("an option is not NAME=\"VALUE\"")
		}
		switch property, known := names[name]; {
		case known:
			out = append(out, Line{Name: property, Value: value})
		case strings.HasPrefix(name, "extension_"):
			out = append(out, Line{Name: "sasl.oauthbearer.extensions", Value: strings.TrimPrefix(name, "extension_") + "=" + value})
		}
	}
	return out, nil
}

// jaasWords splits at spaces up to the semicolon. Quotes are removed; within them a
// backslash takes the next character as it is.
func jaasWords(text string) ([]string, error) {
	var words []string
	var word strings.Builder
	inWord, quote, escaped := false, byte(0), false
	for i := range len(text) {
		c := text[i]
		switch {
		case escaped:
			word.WriteByte(c)
			escaped = false
		case quote != 0 && c == '\\':
			escaped = true
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			word.WriteByte(c)
		case c == '"' || c == '\'':
			inWord, quote = true, c
		case c == ' ' || c == '\t' || c == '\n' || c == ';':
			if inWord {
				words = append(words, word.String())
				word.Reset()
				inWord = false
			}
			if c == ';' {
				return words, nil
			}
		default:
			inWord = true
			word.WriteByte(c)
		}
	}
	if quote != 0 {
		return nil, errors.New("a quote is not closed")
	}
	if inWord {
		words = append(words, word.String())
	}
	return words, nil
}
