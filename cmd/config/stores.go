package config

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/pavlo-v-chernykh/keystore-go/v4"
	"software.sslmate.com/src/go-pkcs12"
)

// The stores of a Java client. librdkafka does not read them: their contents become its
// settings of PEM text, in memory.
const (
	trustStoreFile     = "ssl.truststore.location"
	trustStorePassword = "ssl.truststore.password"
	keyStoreFile       = "ssl.keystore.location"
	keyStorePassword   = "ssl.keystore.password"
)

// javaStores are settings that only Java has, and that are read here.
func javaStores() []string { return []string{trustStoreFile, trustStorePassword} }

// convertStores puts PEM into the place of stores.
func (e *Effective) convertStores(properties map[string]string) error {
	if path := properties[trustStoreFile]; path != "" {
		text, err := trustFrom(path, properties[trustStorePassword])
		if err != nil {
			return storeError(trustStoreFile, e.Properties[trustStoreFile].Origin, path, err)
		}
		properties["ssl.ca.pem"] = text
	}
	delete(properties, trustStoreFile)
	delete(properties, trustStorePassword)
	if path := properties[keyStoreFile]; path != "" {
		password, ok := properties["ssl.key.password"]
		if !ok {
			password = properties[keyStorePassword]
		}
		chain, key, err := keyFrom(path, properties[keyStorePassword], password)
		if err != nil {
			return storeError(keyStoreFile, e.Properties[keyStoreFile].Origin, path, err)
		}
		properties["ssl.certificate.pem"], properties["ssl.key.pem"] = chain, key
		delete(properties, "ssl.key.password")
	}
	delete(properties, keyStoreFile)
	delete(properties, keyStorePassword)
	return nil
}

// convertRegistryStores does so for those of the schema registry.
func (e *Effective) convertRegistryStores(settings map[string]string) error {
	const prefix, trust, key = "schema.registry.", "truststore.location", "keystore.location"
	if path := settings[trust]; path != "" {
		if err := exists(prefix+trustStoreFile, path, e.Registry[trust].Origin); err != nil {
			return err
		}
		text, err := trustFrom(path, settings["truststore.password"])
		if err != nil {
			return storeError(prefix+trustStoreFile, e.Registry[trust].Origin, path, err)
		}
		settings["ca"] = text
	}
	if path := settings[key]; path != "" {
		if err := exists(prefix+keyStoreFile, path, e.Registry[key].Origin); err != nil {
			return err
		}
		password, ok := settings["key.password"]
		if !ok {
			password = settings["keystore.password"]
		}
		chain, private, err := keyFrom(path, settings["keystore.password"], password)
		if err != nil {
			return storeError(prefix+keyStoreFile, e.Registry[key].Origin, path, err)
		}
		settings["cert"], settings["key"] = chain, private
	}
	for _, name := range []string{trust, "truststore.password", key, "keystore.password", "key.password"} {
		delete(settings, name)
	}
	return nil
}

func storeError(name string, origin Origin, path string, err error) error {
	known := usagef("%s (%s): %s: %v", name, origin, shownPath(path), err)
	switch {
	case errors.Is(err, errStorePassword):
		known.Hint = strings.TrimSuffix(name, "location") + "password says it; @env:, @file: and @keyring: keep it elsewhere"
	case errors.Is(err, errStoreKind):
		known.Hint = "keytool -importkeystore -srckeystore FILE -destkeystore FILE.p12 -deststoretype PKCS12 makes one that can be read"
	}
	known.Cause = err
	return known
}

var (
	errStorePassword = errors.New("the password is wrong")
	errStoreKind     = errors.New("it is no JKS, PKCS#12 or PEM file")
)

// storeKind is jks, pkcs12, pem, or empty for none of them. Java looks at the file too:
// what ssl.truststore.type says is often wrong.
func storeKind(data []byte) string {
	switch {
	case bytes.HasPrefix(data, []byte{0xfe, 0xed, 0xfe, 0xed}):
		return "jks"
	case bytes.Contains(data, []byte("-----BEGIN ")):
		return "pem"
	case bytes.HasPrefix(data, []byte{0x30}):
		return "pkcs12"
	}
	return ""
}

// trustFrom returns the certificates that a store trusts, as PEM.
func trustFrom(path, password string) (text string, err error) {
	data, err := readStore(path)
	if err != nil {
		return "", err
	}
	defer recoverStore(&err)
	var certs [][]byte
	switch storeKind(data) {
	case "pem":
		return wrapPEM(string(data)), nil
	case "jks":
		if certs, err = jksTrust(data, password); err != nil {
			return "", err
		}
	case "pkcs12":
		found, err := pkcs12.DecodeTrustStore(data, password)
		if err != nil {
			_, leaf, _, chainErr := pkcs12.DecodeChain(data, password)
			if chainErr != nil {
				return "", pkcs12Error(err)
			}
			found = []*x509.Certificate{leaf} // of a key: Java trusts it too
		}
		for _, c := range found {
			certs = append(certs, c.Raw)
		}
	default:
		return "", errStoreKind
	}
	if len(certs) == 0 {
		return "", errors.New("no trusted certificate is in it")
	}
	return certificatesPEM(certs), nil
}

// keyFrom returns the certificate chain and the key of a store, as PEM.
func keyFrom(path, password, keyPassword string) (chain, key string, err error) {
	data, err := readStore(path)
	if err != nil {
		return "", "", err
	}
	defer recoverStore(&err)
	switch storeKind(data) {
	case "pem":
		return "", "", errors.New("it is PEM: ssl.keystore.type=PEM, or ssl.certificate.location and ssl.key.location, name it")
	case "jks":
		return jksKey(data, password, keyPassword)
	case "pkcs12":
	default:
		return "", "", errStoreKind
	}
	private, leaf, others, err := pkcs12.DecodeChain(data, password)
	if err != nil {
		return "", "", pkcs12Error(err)
	}
	if private == nil {
		return "", "", errNoKey
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return "", "", err
	}
	certs := [][]byte{leaf.Raw}
	for _, c := range others {
		certs = append(certs, c.Raw)
	}
	return certificatesPEM(certs), keyPEM(der), nil
}

var errNoKey = errors.New("no private key is in it")

// recoverStore makes an error of a panic: the libraries trust lengths that a damaged file
// has.
func recoverStore(err *error) {
	if r := recover(); r != nil {
		*err = errors.New("the file is damaged")
	}
}

func readStore(path string) ([]byte, error) {
	data, err := readBounded(path)
	if known := (*Error)(nil); errors.As(err, &known) {
		return nil, errors.New(strings.TrimPrefix(known.Message, path+": "))
	}
	return data, err
}

func pkcs12Error(err error) error {
	if errors.Is(err, pkcs12.ErrIncorrectPassword) || errors.Is(err, pkcs12.ErrDecryption) {
		return errStorePassword
	}
	return errors.New(strings.TrimPrefix(err.Error(), "pkcs12: "))
}

// openJKS reads a store. Without a password its checksum, which is made with it, is not
// looked at, as in Java.
func openJKS(data []byte, password string) (keystore.KeyStore, error) {
	store := keystore.New(keystore.WithOrderedAliases(), keystore.WithCaseExactAliases())
	err := store.Load(bytes.NewReader(data), latin1(password))
	switch {
	case err == nil, err.Error() == "got invalid digest" && password == "":
		return store, nil
	case err.Error() == "got invalid digest":
		return store, errStorePassword
	}
	return store, fmt.Errorf("the file is damaged: %w", err)
}

// latin1 is a password as the library wants it: a byte for each character.
func latin1(password string) []byte {
	var b []byte
	for _, r := range password {
		b = append(b, byte(r))
	}
	return b
}

func jksTrust(data []byte, password string) (certs [][]byte, err error) {
	store, err := openJKS(data, password)
	if err != nil {
		return nil, err
	}
	for _, alias := range store.Aliases() {
		if entry, err := store.GetTrustedCertificateEntry(alias); err == nil {
			certs = append(certs, entry.Certificate.Content)
		} else if chain, err := store.GetPrivateKeyEntryCertificateChain(alias); err == nil && len(chain) > 0 {
			certs = append(certs, chain[0].Content) // Java trusts it too
		}
	}
	return certs, nil
}

func jksKey(data []byte, password, keyPassword string) (chain, key string, err error) {
	store, err := openJKS(data, password)
	if err != nil {
		return "", "", err
	}
	i := slices.IndexFunc(store.Aliases(), store.IsPrivateKeyEntry)
	if i < 0 {
		return "", "", errNoKey
	}
	entry, err := store.GetPrivateKeyEntry(store.Aliases()[i], latin1(keyPassword))
	if err != nil {
		return "", "", fmt.Errorf("the key: %w", errStorePassword)
	}
	var certs [][]byte
	for _, c := range entry.CertificateChain {
		certs = append(certs, c.Content)
	}
	return certificatesPEM(certs), keyPEM(entry.PrivateKey), nil
}

func certificatesPEM(certs [][]byte) string {
	var text strings.Builder
	for _, der := range certs {
		text.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	return text.String()
}

func keyPEM(der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// isPEM reports whether a setting that may be a path is PEM itself.
func isPEM(text string) bool { return strings.HasPrefix(strings.TrimSpace(text), "-----BEGIN ") }

// wrapPEM breaks PEM, which stands on one line in a properties file, into its lines.
func wrapPEM(text string) string {
	block := regexp.MustCompile(`(?s)-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END ([A-Z0-9 ]+)-----\s*`)
	return block.ReplaceAllStringFunc(text, func(b string) string {
		m := block.FindStringSubmatch(b)
		if strings.Contains(m[2], ":") { // headers need lines of their own
			return b
		}
		body := strings.Join(strings.Fields(strings.ReplaceAll(m[2], `\n`, "\n")), "")
		var out strings.Builder
		fmt.Fprintf(&out, "-----BEGIN %s-----\n", m[1])
		for ; len(body) > 64; body = body[64:] {
			out.WriteString(body[:64] + "\n")
		}
		fmt.Fprintf(&out, "%s\n-----END %s-----\n", body, m[3])
		return out.String()
	})
}
