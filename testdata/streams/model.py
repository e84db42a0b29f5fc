"""Computes windows from the records of a topic, and compares them with results.

    model.py SRC.jsonl DST.jsonl STATE.jsonl [--window MS [--advance MS] | --session MS] [--grace MS]

The files are what `kstream consume -e -o json` prints of the source, of what a pipe with
`--emit final` has written, and of its state topic. A state is {"n": COUNT, "sum": SUM} of
.value.n. Every window that is closed must be in DST once, and nothing else; every window
that is open must be in STATE, and nothing else.
"""
import argparse
import collections
import json
import sys


def records(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


class Partition:
    """The windows of one partition, from its records in the order of their offsets."""

    def __init__(self, options):
        self.o = options
        self.now = None
        self.open = {}  # (key, start) -> [end, count, sum]
        self.closed = []  # (key, start, count, sum)
        self.late = 0

    def add(self, key, time, n):
        if self.now is None or time > self.now:
            self.now = time
            for at in [at for at, w in self.open.items() if w[0] + self.o.grace <= time]:
                self.closed.append((*at, *self.open.pop(at)[1:]))
        if self.o.session:
            self.add_session(key, time, n)
            return
        advance = self.o.advance or self.o.window
        starts = []
        start = time // advance * advance
        while start > time - self.o.window:
            if start + self.o.window + self.o.grace > self.now:
                starts.append(start)
            start -= advance
        self.late += not starts
        for start in starts:
            w = self.open.setdefault((key, start), [start + self.o.window, 0, 0])
            w[1] += 1
            w[2] += n

    def add_session(self, key, time, n):
        gap = self.o.session
        joined = [at for at, w in self.open.items() if at[0] == key and at[1] < time + gap and time < w[0]]
        if not joined and time + gap + self.o.grace <= self.now:
            self.late += 1
            return
        start, w = time, [time + gap, 1, n]
        for at in joined:
            other = self.open.pop(at)
            start = min(start, at[1])
            w = [max(w[0], other[0]), w[1] + other[1], w[2] + other[2]]
        self.open[key, start] = w


def main():
    parser = argparse.ArgumentParser()
    for name in ("source", "results", "state"):
        parser.add_argument(name)
    for name in ("window", "advance", "session", "grace"):
        parser.add_argument("--" + name, type=int, default=0)
    o = parser.parse_args()

    partitions = collections.defaultdict(lambda: Partition(o))
    n = 0
    for r in sorted(records(o.source), key=lambda r: (r["partition"], r["offset"])):
        partitions[r["partition"]].add(r["key"], r["timestamp"], r["value"]["n"])
        n += 1
    want = collections.Counter(c for p in partitions.values() for c in p.closed)
    got = collections.Counter()
    for r in records(o.results):
        key, _, start = r["key"].rpartition("@")
        got[key, int(start), r["value"]["n"], r["value"]["sum"]] += 1

    open_want = {(number, *at) for number, p in partitions.items() for at in p.open}
    newest = {(r["partition"], json.dumps(r["key"])): r for r in records(o.state)}
    open_got = {
        (number, *json.loads(key))
        for (number, key), r in newest.items()
        if r["value"] is not None and isinstance(json.loads(key), list)
    }

    late = sum(p.late for p in partitions.values())
    print(f"{n} records, {late} late, {sum(want.values())} windows closed, {len(open_want)} open")
    bad = 0
    for what, problems in {
        "missing": want - got, "wrong or twice": got - want,
        "not stored": open_want - open_got, "stored and not open": open_got - open_want,
    }.items():
        for problem in sorted(problems)[:5]:
            print(f"{what}: {problem}")
        bad += len(problems)
    sys.exit(bad > 0 or n == 0 or not want)


if __name__ == "__main__":
    main()
