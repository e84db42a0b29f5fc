package suggest

import "testing"

func TestNearest(t *testing.T) {
	names := []string{"touch", "billing-events-of-the-north", "sasl.password", "sasl.username", "security.protocol", "acks", "orders", "order"}
	for name, want := range map[string]string{
		"sasl.pasword":                "sasl.password",
		"sasl.paswrod":                "sasl.password",
		"SASL.PASSWORD":               "sasl.password",
		"secruity.protocol":           "security.protocol",
		"orders":                      "orders",
		"ordres":                      "orders",
		"odr":                         "",
		"":                            "",
		"something.else":              "",
		"ack":                         "acks",
		"x":                           "",
		"nosuch":                      "",
		"ab":                          "",
		"orderly":                     "",
		"billing-events-of-the-south": "billing-events-of-the-north",
		"payment-events-of-the-south": "",
	} {
		if got := Nearest(name, names); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
	if got := Nearest("", nil); got != "" {
		t.Errorf("no candidates: got %q", got)
	}
	if got := distance([]rune("abcdef"), []rune("badcfe"), 10); got != 3 {
		t.Errorf("three swaps: got %d", got)
	}
}
