#!/usr/bin/env python3
"""Writes corpus.jsonl: pickles that CPython wrote, and what they mean.

Each line is one pickle: its name, protocol, bytes in base64, and the plain and lossless
JSON that recorder.py makes of it, as text because spelling counts. "same" stands for the
JSON of the line before. "load" says that Python can load it for real with shapes.py.

Run it in its own directory; the lines are checked in, so that tests need no Python.
"""

import array
import base64
import collections
import copyreg
import datetime as dt
import decimal
import enum
import fractions
import functools
import io
import ipaddress
import itertools
import json
import operator
import os
import pathlib
import pickle
import re
import subprocess
import sys
import types
import uuid
import zoneinfo

import recorder
import shapes

PROTOCOLS = range(6)
lines = []
last = {}


def add(name, protocol, data, load=True):
    plain, lossless = recorder.plain(data), recorder.lossless(data)
    json.loads(plain), json.loads(lossless)
    line = {"name": name, "proto": protocol, "pickle": base64.b64encode(data).decode(), "plain": plain, "lossless": lossless}
    if load:
        line["load"] = True
    for form in ("plain", "lossless"):
        if last.get(form) == (name, line[form]):
            line[form] = "same"
        else:
            last[form] = (name, line[form])
    lines.append(json.dumps(line, separators=(",", ":"), ensure_ascii=False))


def value(name, v, load=True, protocols=PROTOCOLS):
    for p in protocols:
        add(name, p, pickle.dumps(v, p), load)


def by_hand(name, protocol, *parts, load=False):
    add(name, protocol, b"".join(parts), load)


# None, booleans, floats, integers.
value("none", None)
value("bools", [True, False])
value("floats", [0.0, -0.0, 1.0, -1.5, 0.1, 1e15, 1e16, 1.5e300, 5e-324, 0.0001, 1e-05, 123456789.125, 1.7976931348623157e308])
value("float specials", [float("nan"), float("inf"), float("-inf")])
ints = [0, 1, -1, 127, 128, -128, -129, 255, 256, 65535, 65536, -65536, 2**31 - 1, 2**31, -2**31, -2**31 - 1,
        2**32, 2**53 + 1, 2**63 - 1, 2**63, -2**63, -2**63 - 1, 2**64, 2**127, -2**127, 2**128 - 1]
value("ints", ints)
for bits in (255, 256, 511, 1000, 2039, 2040, 2048):
    value("int 2^%d" % bits, [2**bits, -2**bits, 2**bits - 1, -2**bits - 1, 3**(bits // 2)])
value("int of 131073 bits", 2**131072, load=False, protocols=(2,))

# Text.
value("empty str", "")
value("str", "hello")
value("str unicode", "Grüße, мир, 世界, 😀 \u2028")
value("str controls", "".join(map(chr, range(0x20))) + "\x7f\x80\x9f\"\\/")
value("str escapes", "\\ \\\\ \\u0041 \\U0001F600 \\n \n \r \x1a \0")
value("str surrogates", ["\ud800", "a\udcffb", "\ud83d\ude00", "\udfff\ud800"])
value("str 255 256", ["x" * 255, "y" * 256])
value("str number like", ["1", "true", "null", "NaN"])

# Bytes.
value("bytes", [b"", b"abc", bytes(range(256)), b"\n\r\0"])
value("bytes 255 256", [b"x" * 255, b"y" * 256])
value("bytearray", [bytearray(), bytearray(b"abc"), bytearray(range(256))])
ba = bytearray(b"shared")
value("bytearray shared", [ba, ba])

# Containers and frames.
value("tuples", [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), ((),)])
value("lists", [[], [1], [1, 2], [[]], [[[1]]]])
value("list 1100", list(range(1100)), protocols=(0, 4))
value("dict", {"a": 1, "b": [1, 2], "c": {"d": None}})
value("dict empty", {})
value("dict order", {"z": 1, "a": 2, "m": 3})
value("dict int keys", {1: "a", -2: "b"})
value("dict mixed keys", {"b": 2, None: 3, 2: "a", True: 4, 1.5: 5})
value("dict colliding keys", {1: "a", "1": "b"})
value("dict bytes keys", {b"k": 1, b"": 2})
value("dict tuple keys", {(1, 2): "a", "b": 1})
value("dict odd scalars", {dt.date(2024, 2, 29): 1, decimal.Decimal("1.10"): 2, uuid.UUID(int=5): 3,
                           dt.timedelta(1): 4, int: 5, "\ud800": 6})
value("dict $ keys", {"$id": 1, "$ref": 2, "a": {"$tuple": [1]}})
value("dict 1100", {"k%d" % i: i for i in range(1100)}, protocols=(1, 4))
value("dicts with the same keys", [{"id": i, "name": "n"} for i in range(150)], protocols=(2, 5))
deep = []
for _ in range(150):
    deep = [deep]
value("nested 150", deep)
value("frames", ["a" * 66000, list(range(300))], protocols=(4,))

# Sets.
value("sets", [set(), {1}, {1, 2, 3}, {"a"}])
value("frozensets", [frozenset(), frozenset([1, 2, 3]), frozenset([frozenset(), (1, 2)])])
fs = frozenset([1])
value("frozenset shared", [fs, fs])
s = {1, 2}
value("set shared", [s, s])

# Sharing and cycles.
shared = [1, 2]
value("list shared", [shared, shared])
value("list shared deep", {"a": shared, "b": {"c": shared}, "d": (shared, [shared])})
d = {"k": 1}
value("dict shared", [d, d, d])
t = ([1],)
value("tuple shared", [t, t])
t = (1, "a")
value("tuple of scalars shared", [t, t])
same = "a string that is shared"
value("str shared", [same, same, {same: same}])
tree = [1]
for _ in range(8):
    tree = [tree, tree]
value("diamonds", tree)
loop = []
loop.append(loop)
value("cycle list", loop)
d = {}
d["self"] = d
value("cycle dict", d)
d = {"a": []}
d["a"].append(d)
value("cycle dict list", d)
t = ([],)
t[0].append(t)
value("cycle tuple", t)
value("cycle tuple from its list", t[0])
t = ([], {}, 1, 2)
t[0].append(t)
t[1]["t"] = t
value("cycle tuple of four", t)
n = shapes.Node("a")
n.next = n
value("cycle object", n)
a, b = shapes.Node("a"), shapes.Node("b")
a.next, b.next = b, a
a.children += [a, b]
value("cycle objects", [a, b])
n = shapes.Node("in a set")
n.children = {n}
value("cycle set", n)
n = shapes.Node("in a frozenset")
n.children = frozenset([n])
value("cycle frozenset", n)
x, y = [], []
x.append(y), y.append(x)
value("cycle two lists", [x, y])
d = shapes.DictSub()
d["d"] = d
value("cycle dict subclass", d, protocols=range(2, 6))
od = collections.OrderedDict()
od["od"] = od
value("cycle OrderedDict", od)

# Dates and numbers of the standard library.
tz = lambda *a, **k: dt.timezone(dt.timedelta(*a, **k))
value("datetime", [dt.datetime(2024, 2, 29, 23, 59, 58, 123456), dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31, 23, 59, 59, 999999),
                   dt.datetime(2024, 1, 1, 0, 0, 0, 1)])
value("datetime zones", [dt.datetime(2024, 2, 29, 23, 59, 58, 5, z) for z in (
    dt.timezone.utc, tz(hours=2), tz(hours=-3, minutes=-30), tz(seconds=1), tz(seconds=-1), tz(hours=5, seconds=30, microseconds=7),
    tz(microseconds=-1), tz(hours=-23, minutes=-59, seconds=-59))])
value("datetime fold", [dt.datetime(2024, 10, 27, 2, 30, fold=1), dt.time(2, 30, fold=1)])
value("datetime named zone", dt.datetime(2024, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=1), "CET")))
berlin = zoneinfo.ZoneInfo("Europe/Berlin")
value("datetime ZoneInfo", [dt.datetime(2024, 7, 1, 12, tzinfo=berlin), dt.datetime(2024, 1, 1, tzinfo=berlin), dt.time(1, tzinfo=berlin)])
value("date", [dt.date(2024, 2, 29), dt.date.min, dt.date.max])
value("time", [dt.time(0), dt.time(23, 59, 59, 999999), dt.time(12, 30, tzinfo=dt.timezone.utc), dt.time(1, 2, 3, 4, tz(hours=-7))])
value("timedelta", [dt.timedelta(0), dt.timedelta(1, 2, 3), dt.timedelta(-1, 5), dt.timedelta(microseconds=-1), dt.timedelta.max, dt.timedelta.min])
value("timezone", [dt.timezone.utc, tz(hours=1)])
value("decimal", [decimal.Decimal(s) for s in ("1.10", "-0", "0E-10", "1E+3", "123456789012345678901234567890.123", "NaN", "sNaN12", "Infinity", "-Infinity")])
value("uuid", [uuid.UUID("12345678-1234-5678-1234-567812345678"), uuid.UUID(int=0), uuid.UUID(int=2**128 - 1)])
value("complex", [1 + 2j, complex(0.0, -0.0), complex(float("inf"), 1.5)])
value("fraction", fractions.Fraction(1, 3))

# The rest of the standard library.
value("OrderedDict", [collections.OrderedDict(), collections.OrderedDict([("b", 1), ("a", 2)]), collections.OrderedDict([(1, 2)])])
od = collections.OrderedDict(a=1)
value("OrderedDict shared", [od, od])
od = collections.OrderedDict(a=1)
od.attribute = 1
value("OrderedDict with state", od)
dd = collections.defaultdict(list)
dd["a"].append(1)
value("defaultdict", [dd, collections.defaultdict(None, {1: 2})])
value("deque", [collections.deque([1, 2, 3]), collections.deque([1, 2], maxlen=5)])
value("Counter", collections.Counter("abca"))
value("ChainMap", collections.ChainMap({"a": 1}, {"b": 2}))
value("namedtuple", [shapes.Pair(1, "b"), shapes.Typed(1)])
value("SimpleNamespace", types.SimpleNamespace(a=1, b="x"))
value("paths", [pathlib.PurePosixPath("/etc/hosts"), pathlib.PureWindowsPath("C:\\x")])
value("ipaddress", [ipaddress.ip_address("127.0.0.1"), ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_address("::1")])
value("range slice", [range(1, 10, 2), slice(1, 2)])
value("regex", re.compile("a+b", re.I))
value("array", array.array("d", [1.0, 2.5]))
value("iterators", [iter([1, 2]), iter((1, 2)), itertools.count(3)], load=False)
value("partial", functools.partial(int, "11", base=2), load=False)
value("operators", [operator.itemgetter(1), operator.attrgetter("a.b")], load=False)
value("ellipsis", [..., NotImplemented, type(None)])
value("exceptions", [ValueError("bad", 1), KeyError("k"), OSError(2, "No such file"), ConnectionResetError(104, "reset"), shapes.Broken(1, "t")], load=False)
value("stat", os.stat_result(range(10)), load=False)

# Classes and functions.
value("globals", [int, str, len, shapes.function, shapes.Point, collections.OrderedDict, os.getcwd, operator.add])
value("python 2 names", [set, frozenset, range, map, filter, zip, chr, functools.reduce, ValueError, OSError, io.StringIO, sys.intern])
value("exceptions of python 3 only", [ConnectionError, FileNotFoundError, TimeoutError, ModuleNotFoundError], protocols=range(3, 6))
value("nested class", [shapes.Point.Inner, shapes.Point.Inner.Deep, shapes.Point.Inner(7)])
value("methods", [shapes.Point(1, 2).method, "abc".upper, dict.fromkeys], load=False)

# Objects, by how they are pickled.
value("object", shapes.Point(1, [2]))
value("object empty", shapes.Empty())
value("objects shared", [(lambda p: [p, p])(shapes.Point(1, 2)), shapes.Point(3, 4)])
value("slots", shapes.Slots(1, "b"), protocols=range(2, 6))
value("slots and dict", shapes.SlotsAndDict(1, "b", 3.5), protocols=range(2, 6))
value("getstate tuple", shapes.StateTuple([1]))
value("getnewargs", shapes.NewArgs(1, 2), protocols=range(2, 6))
value("getnewargs_ex", shapes.NewArgsEx(1, key="k"), protocols=range(2, 6))
value("reduce", shapes.Reduced(1, "a", None))
value("reduce_ex", shapes.ReducedEx("v"))
value("attributes called args and state", shapes.Args())
value("subclasses", [shapes.ListSub([1, 2]), shapes.DictSub(a=1), shapes.IntSub(5), shapes.StrSub("s"), shapes.SetSub([1]), shapes.TupleSub((1, 2))])
value("dataclass", shapes.Order(1, "Ann", [{"sku": "a", "qty": 2}], 9.5))
value("dataclass frozen", [shapes.Frozen(1, "b"), shapes.Slotted(1, "b")], protocols=range(2, 6))
value("enum", [shapes.Color.RED, shapes.Color.GREEN, shapes.Level.HIGH, shapes.Perm.R, shapes.Perm.R | shapes.Perm.W, shapes.Color])
value("enum keys", {shapes.Color.RED: 1})
value("message", {"id": 2**40, "when": dt.datetime(2024, 5, 1, 12, tzinfo=dt.timezone.utc), "price": decimal.Decimal("19.99"),
                  "tags": {"a"}, "user": {"name": "Zoë", "emails": ["z@example.com"]}, "raw": b"\x00\xff", "none": None,
                  "point": (1.5, -2.0), "items": [{"sku": "A-%d" % i, "qty": i} for i in range(4)]})


# NumPy and pandas pickle by such calls; neither is needed to record them.
def fake(module, name, cls=type):
    parts = module.split(".")
    for i in range(1, len(parts) + 1):
        sys.modules.setdefault(".".join(parts[:i]), types.ModuleType(".".join(parts[:i])))
    if cls is type:
        made = type(name, (), {"__module__": module})
    else:
        made = lambda *a: None
        made.__module__, made.__qualname__, made.__name__ = module, name, name
    setattr(sys.modules[module], name, made)
    return made


class Call:
    def __init__(self, *reduced):
        self.reduced = reduced

    def __reduce__(self):
        return self.reduced


ndarray, dtype = fake("numpy", "ndarray"), fake("numpy", "dtype")
reconstruct = fake("numpy.core.multiarray", "_reconstruct", None)
scalar = fake("numpy.core.multiarray", "scalar", None)
f8 = Call(dtype, ("f8", False, True), (3, "<", None, None, None, -1, -1, 0))
value("numpy array", Call(reconstruct, (ndarray, (0,), b"b"), (1, (3,), f8, False, b"\0" * 16 + b"\0\0\xf0?" + b"\0\0\0\0")), load=False)
value("numpy scalars", [Call(scalar, (f8, b"\0\0\0\0\0\0\xf0?")), Call(scalar, (f8, b"\0\0\0\0\0\0\0@"))], load=False)
value("numpy object array", Call(reconstruct, (ndarray, (0,), b"b"), (1, (2,), f8, False, [1, "a"])), load=False)
frame, manager = fake("pandas.core.frame", "DataFrame"), fake("pandas.core.internals.managers", "BlockManager")
value("pandas frame", Call(frame, (), {"_mgr": Call(manager, ([1], [2])), "_typ": "dataframe", "attrs": {}}), load=False)
timestamp = fake("pandas._libs.tslibs.timestamps", "_unpickle_timestamp", None)
value("pandas timestamp", Call(timestamp, (1709251198000000000, None, None, 10)), load=False)

# What is not in the bytes.
class Persist(pickle.Pickler):
    def persistent_id(self, v):
        return v.id if isinstance(v, recorder.Pers) else None


for p in PROTOCOLS:
    for name, ids in (("persistent id", ["key-1"]), ("persistent tuple", [("table", 7), [1]])):
        if p == 0 and name != "persistent id":
            continue
        out = io.BytesIO()
        Persist(out, p).dump([recorder.Pers(i) for i in ids] * 2)
        add(name, p, out.getvalue(), False)
for code, p in itertools.product((200, 40000, 0x7ffffffe), range(2, 6)):
    copyreg.add_extension("shapes", "Empty", code)
    add("extension %d" % code, p, pickle.dumps([shapes.Empty, shapes.Empty()], p), False)
    copyreg.remove_extension("shapes", "Empty", code)
buffers = []
raw = pickle.PickleBuffer(bytearray(b"outside"))
add("buffers", 5, pickle.dumps([raw, pickle.PickleBuffer(b"readonly"), raw], 5, buffer_callback=buffers.append), False)
value("buffers in band", [pickle.PickleBuffer(b"in"), pickle.PickleBuffer(bytearray(b"band"))], protocols=(5,))

# Malicious: shown, and nothing runs.
for p in (0, 2, 4):
    for name, call in {
        "os.system": (os.system, ("echo pwned",)),
        "subprocess": (subprocess.Popen, (["/bin/sh", "-c", "id"],)),
        "eval": (eval, ("__import__('os').system('id')",)),
        "exec": (exec, ("import os",)),
        "import": (__import__, ("os",)),
        "getattr": (getattr, (Call(__import__, ("os",)), "system")),
        "map": (map, (os.system, ["id"])),
        "state": (shapes.Empty, (), {"__class__": os.system, "f": Call(os.system, ("id",))}),
        "in a list": (list, ([Call(os.system, ("a",)), Call(os.system, ("b",))],)),
        "pickle in pickle": (pickle.loads, (pickle.dumps(Call(os.system, ("id",)), 0),)),
        "open": (open, ("/etc/passwd", "w")),
    }.items():
        add("malicious " + name, p, pickle.dumps(Call(*call), p), False)
by_hand("malicious classic", 0, b"cos\nsystem\n(S'echo pwned'\ntR.")
by_hand("malicious inst", 0, b"(S'echo pwned'\nios\nsystem\n.")
by_hand("malicious obj", 1, b"(cos\nsystem\nU\x02ido.")
by_hand("malicious build", 0, b"cos\nsystem\n(dS'a'\nI1\nsb.")
by_hand("malicious newobj", 2, b"\x80\x02cos\nsystem\n(U\x02idt\x81.")
by_hand("malicious stack_global", 4, b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x02id\x85R.")
by_hand("malicious chain", 0, b"c__builtin__\ngetattr\n(c__builtin__\n__import__\n(S'os'\ntRS'system'\ntR(S'id'\ntR.")
by_hand("malicious twice built", 2, b"\x80\x02cos\nsystem\n)R}b}X\x01\x00\x00\x00aK\x01sb.")
by_hand("malicious discarded", 0, b"cos\nsystem\n(S'id'\ntR0N.")
by_hand("malicious memo", 2, b"\x80\x02cos\nsystem\nq\x00)Rh\x00h\x00)R\x87.")

# As Python 2 wrote them.
by_hand("python 2 str", 0, b"S'abc'\np0\n.", load=True)
by_hand("python 2 str escapes", 0, b"S'a\\n\\t\\x41\\'\\\\\\101\\r\"'\np1\n.", load=True)
by_hand("python 2 str double quotes", 0, b"S\"it's\"\n.", load=True)
by_hand("python 2 str not ascii", 0, b"S'\\xe9t\\xe9'\n.")
by_hand("python 2 str binary", 1, b"U\x03abcT\x04\x00\x00\x00\xff\x00a\x80\x86.")
by_hand("python 2 unicode", 2, b"\x80\x02X\x02\x00\x00\x00\xc3\xa9q\x01.", load=True)
by_hand("python 2 long int bool", 0, b"(L12345678901234567890L\nI42\nI00\nI01\nL0L\nI-7\nI12345678901234567890\nl.", load=True)
by_hand("python 2 instance", 0, b"(ishapes\nEmpty\np1\n(dp2\nS'a'\np3\nI1\nsb.", load=True)
by_hand("python 2 new style", 0, b"ccopy_reg\n_reconstructor\np1\n(cshapes\nEmpty\np2\nc__builtin__\nobject\np3\nNtRp4\n(dp5\nS'a'\nI1\nsb.", load=True)
by_hand("python 2 datetime", 2, b"\x80\x02cdatetime\ndatetime\nq\x01U\n\x07\xe8\x02\x1d\x17;:\x01\xe2@q\x02\x85R.")
by_hand("python 2 set", 2, b"\x80\x02c__builtin__\nset\nq\x01]q\x02(K\x01K\x02e\x85R.", load=True)
by_hand("python 2 names", 2, b"\x80\x02(c__builtin__\nunicode\nc__builtin__\nxrange\ncexceptions\nKeyError\ncUserDict\nIterableUserDict\ncConfigParser\nConfigParser\ncurllib\nurlopen\nt.")
by_hand("names stay at protocol 3", 3, b"\x80\x03c__builtin__\nunicode\n.")

# By hand: right, but not how any pickler writes.
by_hand("dup", 0, b"(l2\x86.")
by_hand("pop", 0, b"N0I1\n(I2\n1(0.", load=True)
by_hand("get before use", 1, b"]q\x05(K\x01h\x05e.")
by_hand("sparse memo", 1, b"]r\xff\xff\xff\x7fj\xff\xff\xff\x7f\x86.")
by_hand("text memo", 0, b"(lp99999999999\ng99999999999\n\x86.")
by_hand("memo overwritten", 1, b"K\x01q\x00K\x02q\x00h\x00.", load=True)
by_hand("memoize after put", 4, b"\x80\x04]\x94}q\x07)\x94h\x00h\x07h\x02\x87\x87.")
by_hand("list frozen in a set", 2, b"\x80\x02c__builtin__\nset\n]q\x00K\x01a\x85Rh\x00K\x02a\x86.")
by_hand("nested global", 4, b"\x80\x04\x8c\x06shapes\x8c\x0bPoint.Inner\x93.", load=True)
by_hand("odd global names", 4, b"\x80\x04\x8c\x03a:b\x8c\x03c.d\x93\x8c\x00\x8c\x01x\x93\x8c\x01m\x8c\x00\x93\x87.")
by_hand("class that is text", 4, b"\x80\x04\x8c\x02os)R.")
by_hand("args that are no tuple", 4, b"\x80\x04\x8c\x02os\x8c\x06system\x93]K\x01aR.")
by_hand("int forms", 0, b"(I0x1F\nI 7\nL-0L\nI+3\nF1e5\nF-0\nFnan\nF inf\nl.", load=False)
by_hand("long1 zero length", 2, b"\x80\x02(\x8a\x00\x8a\x01\xff\x8a\x03\x00\x00\x00\x8a\x02\x80\x00\x8b\x01\x00\x00\x00\x80t.", load=True)
by_hand("readonly bytes buffer", 5, b"\x80\x05\x97\x98.")
by_hand("reduce of a reduce", 2, b"\x80\x02ca\nb\n)R)RK\x01K\x02s}b.")

with open("corpus.jsonl", "w", encoding="utf-8") as f:
    f.write("\n".join(lines) + "\n")
print(len(lines), "pickles")
