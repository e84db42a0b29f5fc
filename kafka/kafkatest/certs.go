//go:build unix

package kafkatest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// authority is a certificate authority for one cluster.
type authority struct {
	cert   *x509.Certificate
	key    *ecdsa.PrivateKey
	serial int64
}

// writeCertificates fills dir with what CertDir promises, and the brokers' own.
func writeCertificates(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	ca, err := newAuthority("kstream test CA")
	if err != nil {
		return err
	}
	other, err := newAuthority("some other CA")
	if err != nil {
		return err
	}
	next, past := time.Now().AddDate(1, 0, 0), time.Now().Add(-time.Hour)
	files := map[string][]byte{
		"ca.pem":       certificatePEM(ca.cert.Raw),
		"other-ca.pem": certificatePEM(other.cert.Raw),
	}
	for _, c := range []struct {
		file, name string
		by         *authority
		until      time.Time
		hosts      []string // default: this machine
		broker     bool     // key and certificate in one file
	}{
		{file: "server", name: "127.0.0.1", by: ca, until: next, broker: true},
		{file: "expired", name: "127.0.0.1", by: ca, until: past, broker: true},
		{file: "elsewhere", name: "broker.example", by: ca, until: next, hosts: []string{"broker.example", "10.1.2.3"}, broker: true},
		{file: "bare", name: "127.0.0.1", by: ca, until: next, hosts: []string{"127.0.0.1"}, broker: true},
		{file: AliceUser, name: AliceUser, by: ca, until: next},
		{file: "old", name: AliceUser, by: ca, until: past},
		{file: "mallory", name: AliceUser, by: other, until: next},
	} {
		cert, key, err := c.by.issue(c.name, c.until, c.hosts...)
		if err != nil {
			return err
		}
		text := pem.EncodeToMemory(key)
		if c.broker {
			files[c.file+".pem"] = bytes.Join([][]byte{text, cert}, nil)
			continue
		}
		files[c.file+".pem"], files[c.file+".key"] = cert, text
		if c.file == AliceUser {
			//nolint:staticcheck // nothing new: old files of users are encrypted so
			locked, err := x509.EncryptPEMBlock(rand.Reader, "PRIVATE KEY", key.Bytes, []byte(KeyPassword), x509.PEMCipherAES256)
			if err != nil {
				return err
			}
			files[c.file+".locked.key"] = pem.EncodeToMemory(locked)
		}
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func newAuthority(name string) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().AddDate(-1, 0, 0), NotAfter: time.Now().AddDate(1, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	return &authority{cert: cert, key: key, serial: 1}, err
}

// issue returns a certificate under the given name, valid until then, and its key: for the
// given hosts, or for this machine.
func (a *authority) issue(name string, until time.Time, hosts ...string) (cert []byte, key *pem.Block, err error) {
	if len(hosts) == 0 {
		hosts = []string{"127.0.0.1", "localhost"}
	}
	var ips []net.IP
	var names []string
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			ips = append(ips, ip)
		} else {
			names = append(names, host)
		}
	}
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	a.serial++
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(a.serial), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().AddDate(-1, 0, 0), NotAfter: until,
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		IPAddresses: ips, DNSNames: names,
	}, a.cert, &private.PublicKey, a.key)
	if err != nil {
		return nil, nil, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, nil, err
	}
	return certificatePEM(der), &pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}, nil
}

func certificatePEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
