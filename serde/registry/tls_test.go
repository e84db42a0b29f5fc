package registry

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"io/fs"
	"log"
	"math/big"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kstream/serde"
)

func TestTLS(t *testing.T) {
	dir := t.TempDir()
	issue(t, dir, "us")
	issue(t, dir, "others")
	file := func(name string) string { return filepath.Join(dir, name) }
	text := func(name string) string {
		data, err := os.ReadFile(file(name))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	pair, err := tls.LoadX509KeyPair(file("us.pem"), file("us.key"))
	if err != nil {
		t.Fatal(err)
	}
	clients := x509.NewCertPool()
	clients.AddCert(pair.Leaf)
	server := httptest.NewUnstartedServer(say(200, "application/json", `{"schema":"\"int\""}`))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients}
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // of the handshakes that are to fail
	server.StartTLS()
	t.Cleanup(server.Close)

	for name, test := range map[string]struct {
		config Config
		want   string // what the error says, where there is one
	}{
		"both know each other": {config: Config{CA: file("us.pem"), Cert: file("us.pem"), Key: file("us.key")}},
		"PEM itself":           {config: Config{CA: text("us.pem"), Cert: text("us.pem"), Key: text("us.key")}},
		"PEM of others":        {config: Config{CA: text("others.pem")}, want: "certificate signed by unknown authority"},
		"anybody will do":      {config: Config{Insecure: true, Cert: file("us.pem"), Key: file("us.key")}},
		"no CA":                {config: Config{Cert: file("us.pem"), Key: file("us.key")}, want: "certificate signed by unknown authority"},
		"another CA":           {config: Config{CA: file("others.pem")}, want: "certificate signed by unknown authority"},
		"no certificate":       {config: Config{CA: file("us.pem")}, want: "certificate required"},
		"another certificate":  {config: Config{CA: file("us.pem"), Cert: file("others.pem"), Key: file("others.key")}, want: "certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			test.config.URLs = []string{server.URL}
			c := open(t, test.config)
			_, err := c.ByID(t.Context(), 7, "")
			if test.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if !errors.Is(err, ErrTLS) || !errors.Is(err, serde.ErrRegistry) ||
				!strings.HasPrefix(errText(err), "schema registry "+server.URL+": ") || !strings.Contains(errText(err), test.want) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestFilesThatCannotBeUsed(t *testing.T) {
	dir := t.TempDir()
	issue(t, dir, "us")
	pemFile, key, missing := filepath.Join(dir, "us.pem"), filepath.Join(dir, "us.key"), filepath.Join(dir, "no.pem")
	const url = "https://127.0.0.1:1"
	for name, test := range map[string]struct {
		config Config
		want   string
		is     error
	}{
		"no CA file":        {config: Config{CA: missing}, want: "certificates that the registry is checked by: open DIR/no.pem: no such file or directory", is: fs.ErrNotExist},
		"a CA that is none": {config: Config{CA: key}, want: "DIR/us.key: no certificate in it: want PEM"},
		"no key":            {config: Config{Cert: pemFile}, want: "a certificate for the registry needs its key, and the key its certificate"},
		"no certificate":    {config: Config{Cert: missing, Key: key}, want: "certificate for the registry: open DIR/no.pem: no such file or directory", is: fs.ErrNotExist},
		"no URL":            {config: Config{URLs: []string{}}, want: "no URL of a schema registry"},
		"another scheme":    {config: Config{URLs: []string{"ftp://me:hunter2@h"}}, want: "ftp://me:***@h: a schema registry has an http:// or https:// URL"},
		"a mock among others": {
			config: Config{URLs: []string{url, "mock://x"}}, want: "mock://x: a schema registry has an http:// or https:// URL",
		},
	} {
		if test.config.URLs == nil {
			test.config.URLs = []string{url}
		}
		_, err := Open(test.config)
		if diff := cmp.Diff(test.want, strings.ReplaceAll(errText(err), dir, "DIR")); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if test.is != nil && !errors.Is(err, test.is) {
			t.Errorf("%s: it is no %v", name, test.is)
		}
	}
}

// issue writes NAME.pem, a certificate that vouches for itself, and NAME.key.
func issue(t *testing.T, dir, name string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for suffix, block := range map[string]*pem.Block{
		".pem": {Type: "CERTIFICATE", Bytes: der},
		".key": {Type: "PRIVATE KEY", Bytes: private},
	} {
		if err := os.WriteFile(filepath.Join(dir, name+suffix), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
