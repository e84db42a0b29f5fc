package translate

import (
	"strings"
	"testing"
)

func TestKcat(t *testing.T) {
	for line, want := range map[string]string{
		"kcat -b b:1 -C -t orders -o -5 -e":                     "consume orders --from-offset=-5 -e -o value -b b:1",
		"-Ct orders -c3 -p 2 -D |":                              "consume orders -p 2 -n 3 -o value -d |",
		"/usr/bin/kafkacat -C -t x -f %k":                       "consume x --kcat-format %k",
		"-C -t x -J -o end -u -q":                               "consume x --from-offset end -o json -q",
		"-C -t x -o stored -X group.id=g":                       "consume x --from-offset stored:g -o value",
		"-C -t x -o s@1000 -o e@1795337438558":                  "consume x --from-offset @1970-01-01T00:00:01Z --to-offset @1795337438558 -o value",
		"-C -t x -K : -O":                                       `consume x -o %o:%k:%v\n`,
		"-C -t x -s key=avro -s value=>iq -r http://r:1 -Z":     "consume x -o value --null NULL --key-serde avro -s pack:>iq --registry http://r:1",
		"-C -t x -s avro -m 3 -v -d all -X isolation.level=abc": "consume x -o value --key-serde avro -s avro --isolation abc --timeout 3s -v -vv",
		"-G g ^or x":                                            "consume or.* x --regex -g g --offset-reset latest -o value",
		"-G g x -X auto.offset.reset=smallest":                  "consume x -g g -o value --offset-reset earliest",
		"-P -t x -K : -z lz4 -l lines.txt":                      "produce x lines.txt -K : -z lz4",
		"-P -t x -k k -H a=b -p -1 -c 2 f1 f2":                  "produce x -i file f1 f2 -k k -H a=b --partitioner random -n 2",
		"-P -t x -p 3 -X transactional.id=tx -X topic.acks=all": "produce x -p 3 --transactional-id tx -X acks=all",
		"-L":           "topic list --internal",
		"-L -t x -J":   "topic describe x -o json",
		"-F f -L -b b": "topic list --internal -b b --properties f",
		"-Q -t o:0:1795337438558 -t o:1:-1 -t o:2:-2": "topic offsets o --at 0=@1795337438558,1=end,2=beginning",
	} {
		got, err := Kcat(strings.Fields(line))
		if err != nil {
			t.Errorf("%s: %v", line, err)
		} else if text := strings.Join(got.Words, " "); text != want {
			t.Errorf("%s:\ngot  %s\nwant %s", line, text, want)
		}
	}
}

func TestKcatRefuses(t *testing.T) {
	for line, want := range map[string]string{
		"-C":               "kcat: -t TOPIC is missing",
		"-C -P -t x":       "kcat: -C and -P exclude each other",
		"-C -t":            "kcat: -t lacks its value",
		"-C -t x -Y":       "kcat has no option -Y",
		"-C -t x -o x":     "kcat: -o x: want beginning, end, stored, a number, s@TIME or e@TIME",
		"-C -t x -o s@now": "kcat: -o s@now: want milliseconds since 1970",
		"-G g":             "kcat: -G g lacks its topics",
		"-Q -t x":          "kcat: -Q -t x: want TOPIC:PARTITION:TIMESTAMP",
		"-Q":               "kcat: -Q needs -t TOPIC:PARTITION:TIMESTAMP",
	} {
		if _, err := Kcat(strings.Fields(line)); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", line, err, want)
		}
	}
}
