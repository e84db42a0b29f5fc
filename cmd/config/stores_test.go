package config

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pavlo-v-chernykh/keystore-go/v4"
	"software.sslmate.com/src/go-pkcs12"
)

// identity is a certificate with its key.
type identity struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	der  []byte // of the key
}

func newIdentity(t *testing.T) identity {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "someone"}, NotAfter: time.Now().Add(time.Hour)}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return identity{cert, key, der}
}

func (i identity) jks(t *testing.T, password, keyPassword string) []byte {
	t.Helper()
	store := keystore.New()
	certificate := keystore.Certificate{Type: "X509", Content: i.cert.Raw}
	if keyPassword == "" {
		err := store.SetTrustedCertificateEntry("ca", keystore.TrustedCertificateEntry{CreationTime: time.Now(), Certificate: certificate})
		if err != nil {
			t.Fatal(err)
		}
	} else {
		entry := keystore.PrivateKeyEntry{CreationTime: time.Now(), PrivateKey: i.der, CertificateChain: []keystore.Certificate{certificate}}
		if err := store.SetPrivateKeyEntry("me", entry, latin1(keyPassword)); err != nil {
			t.Fatal(err)
		}
	}
	var data bytes.Buffer
	if err := store.Store(&data, latin1(password)); err != nil {
		t.Fatal(err)
	}
	return data.Bytes()
}

func (i identity) pkcs12(t *testing.T, password string, withKey bool) []byte {
	t.Helper()
	var data []byte
	var err error
	if withKey {
		data, err = pkcs12.Modern.Encode(i.key, i.cert, nil, password)
	} else {
		data, err = pkcs12.Modern.EncodeTrustStore([]*x509.Certificate{i.cert}, password)
	}
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestStores(t *testing.T) {
	i := newIdentity(t)
	certificate := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: i.cert.Raw}))
	dir := t.TempDir()
	store := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		save(t, path, string(data))
		return path
	}
	trust := map[string]string{
		"jks": store("t.jks", i.jks(t, "changeit", "")), "pkcs12": store("t.p12", i.pkcs12(t, "changeit", false)),
		"of a key, jks": store("tk.jks", i.jks(t, "changeit", "changeit")), "of a key, pkcs12": store("tk.p12", i.pkcs12(t, "changeit", true)),
		"misnamed": store("t.pem.jks", []byte(certificate)),
	}
	for name, path := range trust {
		c := connectWith(t, "security.protocol=ssl\nssl.truststore.location="+path+"\nssl.truststore.password=changeit\nssl.truststore.type=JKS\n", "")
		if diff := cmp.Diff(certificate, c.Properties["ssl.ca.pem"]); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		for property := range c.Properties {
			if strings.Contains(property, "store") {
				t.Errorf("%s: %s is left", name, property)
			}
		}
	}
	c := connectWith(t, "ssl.truststore.location="+trust["jks"], "")
	if c.Properties["ssl.ca.pem"] != certificate || c.Properties["security.protocol"] != "SSL" {
		t.Errorf("without a password: %v", c.Properties)
	}
	keys := map[string]string{
		"jks":    "ssl.keystore.location=" + store("k.jks", i.jks(t, "störe", "the key")) + "\nssl.keystore.password=st\\u00f6re\nssl.key.password=the key\n",
		"pkcs12": "ssl.keystore.location=" + store("k.p12", i.pkcs12(t, "störe", true)) + "\nssl.keystore.password=st\\u00f6re\n",
	}
	for name, text := range keys {
		c := connectWith(t, text, "")
		pair, err := tls.X509KeyPair([]byte(c.Properties["ssl.certificate.pem"]), []byte(c.Properties["ssl.key.pem"]))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !i.key.Equal(pair.PrivateKey) {
			t.Errorf("%s: another key", name)
		}
		if _, left := c.Properties["ssl.key.password"]; left {
			t.Errorf("%s: the key needs no password any more", name)
		}
		if got := c.Scrub("x " + c.Properties["ssl.key.pem"]); strings.Contains(got, c.Properties["ssl.key.pem"][40:60]) {
			t.Errorf("%s: %s", name, got)
		}
	}
	for name, tt := range map[string]struct{ text, want string }{
		"wrong password, jks":      {"ssl.truststore.location=t.jks\nssl.truststore.password=hunter2", "ssl.truststore.location (file x.properties): t.jks: the password is wrong"},
		"wrong password, pkcs12":   {"ssl.truststore.location=t.p12\nssl.truststore.password=hunter2", "ssl.truststore.location (file x.properties): t.p12: the password is wrong"},
		"no password, pkcs12":      {"ssl.keystore.location=k.p12", "ssl.keystore.location (file x.properties): k.p12: the password is wrong"},
		"no password of the key":   {"ssl.keystore.location=k.jks\nssl.keystore.password=st\\u00f6re", "ssl.keystore.location (file x.properties): k.jks: the key: the password is wrong"},
		"no key in it":             {"ssl.keystore.location=t.jks\nssl.keystore.password=changeit", "ssl.keystore.location (file x.properties): t.jks: no private key is in it"},
		"nothing of it":            {"ssl.truststore.location=x.properties", "ssl.truststore.location (file x.properties): x.properties: it is no JKS, PKCS#12 or PEM file"},
		"a file that is not there": {"ssl.truststore.location=none.jks", "ssl.truststore.location (file x.properties): none.jks: no such file or directory"},
		"cut short":                {"ssl.truststore.location=cut.jks\nssl.truststore.password=changeit", "ssl.truststore.location (file x.properties): cut.jks: the file is damaged"},
	} {
		store("cut.jks", i.jks(t, "changeit", "")[:100])
		t.Chdir(dir)
		save(t, "x.properties", tt.text+"\n")
		e, err := Resolve(Options{File: "x.properties"})
		if err != nil {
			t.Fatal(err)
		}
		_, err = e.Connect(t.Context(), Secrets{})
		if got := errText(err); !strings.HasPrefix(got, tt.want) || strings.Contains(got+hintOf(err), "hunter2") {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// connectWith resolves a properties file and a context and looks the secrets up.
func connectWith(t *testing.T, properties, context string, flags ...string) *Connection {
	t.Helper()
	o := Options{Properties: flags, Environ: os.Environ()}
	if properties != "" {
		o.File = writeFile(t, "x.properties", properties, 0o600)
	}
	if context != "" {
		o.Config = writeFile(t, "config.yaml", "current: c\ncontexts:\n  c: "+context+"\n", 0o600)
	}
	e, err := Resolve(o)
	if err != nil {
		t.Fatal(err)
	}
	c, err := e.Connect(t.Context(), Secrets{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The stores that a Java client has for the schema registry become PEM, too.
func TestRegistryStores(t *testing.T) {
	i := newIdentity(t)
	certificate := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: i.cert.Raw}))
	dir := t.TempDir()
	store := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		save(t, path, string(data))
		return path
	}
	trust := map[string]string{"jks": store("t.jks", i.jks(t, "changeit", "")), "pkcs12": store("t.p12", i.pkcs12(t, "changeit", false))}
	keys := map[string]string{
		"jks":    store("k.jks", i.jks(t, "hunter2", "the key")) + "\nschema.registry.ssl.key.password=the key",
		"pkcs12": store("k.p12", i.pkcs12(t, "hunter2", true)),
	}
	const url = "schema.registry.url=https://registry:8081\n"
	for kind := range trust {
		text := url + "schema.registry.ssl.truststore.location=" + trust[kind] + "\nschema.registry.ssl.truststore.password=changeit\nschema.registry.ssl.truststore.type=" + kind +
			"\nschema.registry.ssl.keystore.location=" + keys[kind] + "\nschema.registry.ssl.keystore.password=hunter2\nschema.registry.ssl.keystore.type=" + kind + "\n"
		got := connectWith(t, text, "").Registry
		if diff := cmp.Diff(certificate, got["ca"]); diff != "" {
			t.Errorf("%s: %s", kind, diff)
		}
		pair, err := tls.X509KeyPair([]byte(got["cert"]), []byte(got["key"]))
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		if !i.key.Equal(pair.PrivateKey) {
			t.Errorf("%s: another key", kind)
		}
		for name := range got {
			if strings.Contains(name, "store") || strings.Contains(name, "password") {
				t.Errorf("%s: %s is left", kind, name)
			}
		}
	}
	ca := store("ca.pem", []byte(certificate))
	c := connectWith(t, url+"schema.registry.ssl.truststore.location="+trust["jks"]+"\n", "", "schema.registry.ssl.ca.location="+ca)
	if c.Registry["ca"] != ca {
		t.Errorf("the file of the flag does not count: %q", c.Registry["ca"])
	}
	c = connectWith(t, url+"schema.registry.ssl.ca.location="+filepath.Join(dir, "none.pem")+"\n", "", "schema.registry.ssl.truststore.location="+trust["jks"], "schema.registry.ssl.truststore.type=JKS")
	if c.Registry["ca"] != certificate {
		t.Errorf("the store of the flag does not count: %q", c.Registry["ca"])
	}

	for name, want := range map[string]string{
		"t.jks": "t.jks: the password is wrong", "t.p12": "t.p12: the password is wrong", "none.jks": "none.jks: no such file or directory",
	} {
		file := store("x.properties", []byte(url+"schema.registry.ssl.truststore.location="+filepath.Join(dir, name)+"\nschema.registry.ssl.truststore.password=wrong\n"))
		e, err := Resolve(Options{File: file})
		if err != nil {
			t.Fatal(err)
		}
		_, err = e.Connect(t.Context(), Secrets{})
		if got := errText(err); !strings.HasPrefix(got, "schema.registry.ssl.truststore.location (file ") || !strings.HasSuffix(strings.SplitN(got, "\n", 2)[0], want) {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// A store and PEM are never both handed on: the stronger source counts.
func TestStoresAndPEM(t *testing.T) {
	i := newIdentity(t)
	path := writeFile(t, "t.jks", string(i.jks(t, "changeit", "")), 0o600)
	ca := writeFile(t, "ca.pem", "-----BEGIN CERTIFICATE-----", 0o600)
	store := "{tls: {truststore: " + path + ", truststore-password: changeit}}"
	c := connectWith(t, "", store, "ssl.ca.location="+ca)
	if c.Properties["ssl.ca.location"] != ca || c.Properties["ssl.ca.pem"] != "" {
		t.Errorf("the flag does not count: %v", c.Properties)
	}
	c = connectWith(t, "", "{tls: {ca: "+ca+"}}", "ssl.truststore.location="+path, "ssl.truststore.password=changeit", "ssl.truststore.type=JKS")
	if c.Properties["ssl.ca.location"] != "" || !strings.HasPrefix(c.Properties["ssl.ca.pem"], "-----BEGIN CERTIFICATE-----\n") {
		t.Errorf("the store of the flag does not count: %v", c.Properties)
	}
}

// PEM on one line, as properties files have it, gets its lines back.
func TestWrapPEM(t *testing.T) {
	i := newIdentity(t)
	want := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: i.cert.Raw}))
	for name, text := range map[string]string{
		"as it is": want, "spaces": strings.ReplaceAll(want, "\n", " "), "none": strings.ReplaceAll(want, "\n", ""),
		"backslashes": strings.ReplaceAll(want, "\n", `\n`), "long lines": strings.Replace(want, "\n", " ", 3),
	} {
		if diff := cmp.Diff(want, strings.TrimSuffix(wrapPEM(text), `\n`)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	two := wrapPEM(strings.ReplaceAll(want+want, "\n", " "))
	if n := strings.Count(two, "-----BEGIN"); n != 2 {
		t.Errorf("%d certificates", n)
	}
	const legacy = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES\n\nabc\n-----END RSA PRIVATE KEY-----\n"
	if got := wrapPEM(legacy); got != legacy {
		t.Error(got)
	}
}

// FuzzStores: a damaged store is an error.
func FuzzStores(f *testing.F) {
	f.Add([]byte{0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1})
	f.Add([]byte{0x30, 0x82, 1, 2})
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "store")
		save(t, path, string(data))
		if text, err := trustFrom(path, ""); (text == "") == (err == nil) {
			t.Errorf("%q and %v", text, err)
		}
		if chain, key, err := keyFrom(path, "x", "y"); (err == nil) != (chain != "" && key != "") {
			t.Errorf("%q, %q and %v", chain, key, err)
		}
	})
}
