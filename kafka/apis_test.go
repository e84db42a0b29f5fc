package kafka

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The list is that of the first broker, and complete when something else follows.
func TestAPICollector(t *testing.T) {
	c := apiCollector{found: map[int]API{}, complete: make(chan struct{})}
	const one, two = "[thrd:h:1/bootstrap]: h:1/bootstrap: ", "[thrd:h:1/1]: h:1/1: "
	for _, line := range []string{
		one + "Broker API support:",
		one + "  ApiKey Fetch (1) Versions 4..18",
		two + "  ApiKey Fetch (1) Versions 4..17",
		one + "  ApiKey Unknown-92? (92) Versions 0..0",
		one + "  ApiKey ElectLeadersRequest (43) Versions 0..2",
		one + "  ApiKey Produce (99999999999999999999) Versions 0..13",
		two + " Feature MsgVer1: Produce (2..32767) supported by broker",
	} {
		if !c.add(line) {
			t.Errorf("%q is not taken for a line of the list", line)
		}
	}
	if c.ended {
		t.Error("the other broker's lines ended the list")
	}
	if c.add(one + "Broker changed state APIVERSION_QUERY -> UP") {
		t.Error("a line about something else was taken")
	}
	c.add(one + " Feature MsgVer1: Produce (2..32767) supported by broker")
	<-c.complete
	c.add(one + "  ApiKey Produce (0) Versions 0..13") // a second connection's
	want := []API{{1, "Fetch", 4, 18}, {43, "ElectLeaders", 0, 2}, {92, "", 0, 0}}
	if d := cmp.Diff(want, c.list()); d != "" {
		t.Errorf("APIs (-want +got):\n%s", d)
	}
}
