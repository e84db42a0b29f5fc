package kafka

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
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
	reader := consumerConfig{bounded: true, partitions: 10}
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

func TestCheckNamesAnEncryptedKey(t *testing.T) {
	//nolint:staticcheck // nothing new: old files of users are encrypted so
	old, err := x509.EncryptPEMBlock(rand.Reader, "PRIVATE KEY", []byte("key"), []byte("secret"), x509.PEMCipherAES256)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{"old": old, "pkcs8": {Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte("key")}} {
		file := filepath.Join(t.TempDir(), name+".key")
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		properties := map[string]string{"security.protocol": "SSL", "ssl.key.location": file}
		err := Config{Properties: properties}.Check()
		if want := "property ssl.key.location=" + file + ": the key is encrypted: set ssl.key.password"; !errors.Is(err, ErrProperty) || err.Error() != want {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
		properties["ssl.key.password"] = "secret"
		if err := (Config{Properties: properties}).Check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	plain := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("key")}))
	if err := (Config{Properties: map[string]string{"security.protocol": "sasl_ssl", "ssl.key.pem": plain}}).Check(); err != nil {
		t.Error(err)
	}
}
