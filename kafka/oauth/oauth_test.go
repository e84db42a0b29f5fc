package oauth

import (
	"context"
	"encoding/base64"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func jwt(claims string) string {
	return "e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2ln"
}

func TestParse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		soon := time.Now().Add(opaqueLife)
		for name, test := range map[string]struct {
			text string
			want Token
		}{
			"a JWT":      {jwt(`{"sub":"ann","exp":1795337438.5}`), Token{Principal: "ann", Expires: time.Unix(1795337438, 0)}},
			"without":    {jwt(`{"iss":"x"}`), Token{Expires: soon}},
			"opaque":     {"abc", Token{Expires: soon}},
			"dots":       {"a.b.c", Token{Expires: soon}},
			"not base64": {"a.===.c", Token{Expires: soon}},
			"other JSON": {jwt(`["sub"]`), Token{Expires: soon}},
		} {
			test.want.Text = test.text
			if diff := cmp.Diff(test.want, Parse(test.text)); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
	})
}

// A token is handed out until most of its life is over; the next one may fail until all of
// it is; one that a broker refused is not handed out again.
func TestTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked, down := 0, false
		tokens := Share(func(context.Context) (Token, error) {
			asked++
			if down {
				return Token{}, errors.New("down")
			}
			return Token{Text: string(rune('a' + asked)), Expires: time.Now().Add(100 * time.Second)}, nil
		})
		want := func(text, fails string, times int) {
			t.Helper()
			token, err := tokens.Token(t.Context())
			if err == nil && fails != "" || err != nil && err.Error() != fails || token.Text != text || asked != times {
				t.Fatalf("%q, %v, asked %d times; want %q, %q, %d times", token.Text, err, asked, text, fails, times)
			}
		}
		want("b", "", 1)
		<-time.After(79 * time.Second)
		want("b", "", 1)
		<-time.After(2 * time.Second)
		want("c", "", 2)
		down = true
		<-time.After(81 * time.Second)
		want("c", "", 3)
		want("c", "", 3) // it is not asked for at every turn
		<-time.After(20 * time.Second)
		want("", "down", 4)
		want("", "down", 5)
		down = false
		want("g", "", 6)
		tokens.Refused("f")
		want("g", "", 6)
		tokens.Refused("g")
		want("h", "", 7)
	})
}

// What AWS_MSK_IAM presents is a signed URL, by the keys of variables or of a profile.
func TestMSK(t *testing.T) {
	dir := t.TempDir()
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "") // restores it
			os.Unsetenv(name)
		}
	}
	t.Setenv("HOME", dir)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(dir, "credentials"))
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(dir, "config"))
	profile := "[work]\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = profile-s3cret\naws_session_token = session\n"
	if err := os.WriteFile(filepath.Join(dir, "credentials"), []byte(profile), 0o600); err != nil {
		t.Fatal(err)
	}
	presented := func(m MSK) (url.Values, Token) {
		t.Helper()
		token, err := m.Token(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		text, err := base64.RawURLEncoding.DecodeString(token.Text)
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(string(text))
		if err != nil || u.Scheme != "https" || u.Host != "kafka.eu-west-1.amazonaws.com" || u.Path != "/" {
			t.Fatalf("%s, %v", text, err)
		}
		return u.Query(), token
	}
	if _, err := (MSK{Region: "eu-west-1"}).Token(t.Context()); !errors.As(err, new(*Error)) || !strings.HasPrefix(err.Error(), "AWS_MSK_IAM: ") {
		t.Errorf("%v without any keys", err)
	}
	q, _ := presented(MSK{Region: "eu-west-1", Profile: "work"})
	if !strings.HasPrefix(q.Get("X-Amz-Credential"), "AKIDPROFILE/") || q.Get("X-Amz-Security-Token") != "session" {
		t.Errorf("signed by %v", q)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDVARIABLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "variable-s3cret")
	q, token := presented(MSK{Region: "eu-west-1"})
	day := time.Now().UTC().Format("20060102")
	if want := "AKIDVARIABLE/" + day + "/eu-west-1/kafka-cluster/aws4_request"; q.Get("X-Amz-Credential") != want {
		t.Errorf("signed by %s, want %s", q.Get("X-Amz-Credential"), want)
	}
	for name, want := range map[string]string{
		"Action": "kafka-cluster:Connect", "X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Expires": "900", "X-Amz-SignedHeaders": "host",
	} {
		if q.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, q.Get(name), want)
		}
	}
	if len(q.Get("X-Amz-Signature")) != 64 {
		t.Errorf("the signature is %q", q.Get("X-Amz-Signature"))
	}
	if left := time.Until(token.Expires); left > 15*time.Minute || left < 13*time.Minute {
		t.Errorf("it holds for %v", left)
	}
	if err := token.check(); err != nil || strings.Contains(token.Text, "s3cret") {
		t.Error(err)
	}
}
