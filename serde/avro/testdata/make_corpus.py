#!/usr/bin/env python3
"""Writes corpus.json: what fastavro makes of schemas and values.

    pip install fastavro==1.13.1
    python3 make_corpus.py > corpus.json
    python3 make_corpus.py --check corpus.json   # the checked-in corpus is still true

A datum case holds the bytes that fastavro writes, the JSON encoding of the
specification as fastavro writes it, and the plain JSON, which is worked out here
from the former by Python's own datetime, decimal and uuid.
"""
import base64
import datetime as dt
import decimal
import io
import json
import struct
import sys
import uuid

import fastavro
from fastavro.schema import fingerprint, parse_schema, to_parsing_canonical_form

D = decimal.Decimal
decimal.getcontext().prec = 60
UTC = dt.timezone.utc


def strip(schema):
    """The schema without logical types, so that fastavro hands out raw values."""
    if isinstance(schema, list):
        return [strip(s) for s in schema]
    if isinstance(schema, dict):
        return {k: strip(v) if k in ("type", "items", "values", "fields") else v
                for k, v in schema.items()
                if k not in ("logicalType", "precision", "scale")}
    return schema


def binary(schema, datum):
    out = io.BytesIO()
    fastavro.schemaless_writer(out, parse_schema(schema), datum)
    return out.getvalue()


def raw(schema, data):
    return fastavro.schemaless_reader(io.BytesIO(data), parse_schema(strip(schema)),
                                      None, return_record_name=True)


def avro_json(schema, data):
    """The JSON encoding, as fastavro has it. NaN and the infinities become text, as
    Java writes them: JSON has no other way."""
    out = io.StringIO()
    bare = parse_schema(strip(schema))
    fastavro.json_writer(out, bare, [raw(schema, data)])
    return json.loads(out.getvalue(), parse_constant=str)


class Float32(float):
    """Prints with the fewest digits that are this float of 32 bits."""

    def __repr__(self):
        for digits in range(1, 10):
            short = float(f"{float(self):.{digits}g}")
            if abs(short) < 3.4028236e38 and struct.pack("<f", short) == struct.pack("<f", self):
                return repr(short)
        return float.__repr__(self)


def dumps(v):
    if isinstance(v, dict):
        return "{" + ",".join(json.dumps(k, ensure_ascii=False) + ":" + dumps(x) for k, x in v.items()) + "}"
    if isinstance(v, list):
        return "[" + ",".join(map(dumps, v)) + "]"
    if isinstance(v, float):
        return repr(v)
    return json.dumps(v, ensure_ascii=False)


class Shape:
    """Walks the avro JSON by its schema, for plain JSON or for floats of 32 bits."""

    def __init__(self, plain):
        self.plain, self.names = plain, {}

    def walk(self, schema, v, ns=""):
        if isinstance(schema, list):
            if v is None:
                return None
            (tag, inner), = v.items()
            for b in schema:
                if self.tag(b, ns) == tag:
                    out = self.walk(b, inner, ns)
                    return out if self.plain else {tag: out}
            raise ValueError(tag)
        if isinstance(schema, str):
            if schema in self.names or self.full(schema, ns) in self.names:
                s, inner_ns = self.names.get(self.full(schema, ns)) or self.names[schema]
                return self.walk(s, v, inner_ns)
            schema = {"type": schema}
        t = schema["type"]
        if isinstance(t, (dict, list)):
            return self.walk(t, v, ns)
        if t in ("record", "error", "enum", "fixed"):
            full = self.full(schema["name"], schema.get("namespace", ns))
            ns = full.rpartition(".")[0]
            self.names[full] = (schema, ns)
        if t in ("record", "error"):
            return {f["name"]: self.walk(f["type"], v[f["name"]], ns) for f in schema["fields"]}
        if t == "array":
            return [self.walk(schema["items"], x, ns) for x in v]
        if t == "map":
            return {k: self.walk(schema["values"], x, ns) for k, x in v.items()}
        if t in ("float",) and not isinstance(v, str):
            return Float32(v)
        if t not in ("bytes", "fixed", "int", "long", "null", "boolean", "double", "string", "enum", "float"):
            return self.walk(t, v, ns)
        return self.logical(schema, v) if self.plain else v

    def full(self, name, ns):
        return name if "." in name or not ns else ns + "." + name

    def tag(self, b, ns):
        if isinstance(b, str):
            return self.full(b, ns) if self.full(b, ns) in self.names else b
        if b["type"] in ("record", "error", "enum", "fixed"):
            return self.full(b["name"], b.get("namespace", ns))
        return b["type"]

    def logical(self, s, v):
        t, l = s["type"], s.get("logicalType", "")
        if t in ("bytes", "fixed"):
            b = v.encode("latin-1")
            if l == "decimal" and 0 <= s.get("scale", 0) <= s.get("precision", 0) and (
                    t == "bytes" or 10 ** s["precision"] <= 2 ** (8 * s["size"] - 1)):
                i = int.from_bytes(b, "big", signed=True)
                return f"{D(i).scaleb(-s.get('scale', 0)):f}"
            if l == "uuid" and s.get("size") == 16:
                return str(uuid.UUID(bytes=b))
            if l == "duration" and s.get("size") == 12:
                return dict(zip(("months", "days", "millis"), struct.unpack("<III", b)))
            return base64.b64encode(b).decode()
        if t == "int" and l == "date":
            if dt.date.min.toordinal() <= v + 719163 <= dt.date.max.toordinal():
                return dt.date.fromordinal(v + 719163).isoformat()
        units = {"millis": 3, "micros": 6, "nanos": 9}
        word, _, unit = l.rpartition("-")
        if word == "time" and (t, unit) in (("int", "millis"), ("long", "micros")):
            if 0 <= v < 86400 * 10 ** units[unit]:
                sec, frac = divmod(v, 10 ** units[unit])
                return f"{sec // 3600:02}:{sec // 60 % 60:02}:{sec % 60:02}.{frac:0{units[unit]}}"
        if t == "long" and word in ("timestamp", "local-timestamp") and unit in units:
            sec, frac = divmod(v, 10 ** units[unit])
            try:
                when = dt.datetime(1970, 1, 1) + dt.timedelta(seconds=sec)
            except OverflowError:
                return v
            zone = "" if word.startswith("local") else "Z"
            return f"{when.isoformat()}.{frac:0{units[unit]}}{zone}"
        return v


def record(*fields, name="R", **more):
    return {"type": "record", "name": name, "fields": [
        {"name": n, "type": t, **(rest[0] if rest else {})} for n, t, *rest in fields], **more}


def logical(t, l, **more):
    return {"type": t, "logicalType": l, **more}


def fixed(size, name="F", **more):
    return {"type": "fixed", "name": name, "size": size, **more}


DATA = []


def case(name, schema, datum, ambiguous=False, avro=None):
    """ambiguous: the plain JSON stands for other bytes as well. avro is
    the JSON encoding of a recursive type, for which fastavro writes none."""
    DATA.append((name, schema, datum, ambiguous, avro))


for b in (True, False):
    case(f"boolean {b}", "boolean", b)
case("null", "null", None)
for i in (0, -1, 1, 63, 64, -64, -65, 2**31 - 1, -2**31):
    case(f"int {i}", "int", i)
for i in (0, -1, 8191, 8192, 2**53 + 1, 2**63 - 1, -2**63):
    case(f"long {i}", "long", i)
for f in (0.0, -0.0, 0.1, 1.5, -3.25, 3.4028234663852886e38, 1e-45, 1e16, 123456.0,
          float("nan"), float("inf"), float("-inf")):
    case(f"float {f}", "float", f)
for f in (0.0, -0.0, 0.1, 1e16, 1e15, 1e-4, 1e-5, 5e-324, 1.7976931348623157e308, 1e22,
          float("nan"), float("inf"), float("-inf")):
    case(f"double {f}", "double", f)
for n, b in (("empty", b""), ("ff", b"\xff"), ("all", bytes(range(256)))):
    case(f"bytes {n}", "bytes", b)
for n, s in (("empty", ""), ("ascii", "hello"), ("quotes", 'a"b\\c/\n\t\x01'), ("umlauts", "äöü€"),
             ("emoji", "\U0001f600"), ("nul", "a\x00b"), ("long", "x" * 1000), ("U+2028", "\u2028\u2029")):
    case(f"string {n}", "string", s)
case("fixed", fixed(4), b"\x00\x01\xfe\xff")
case("enum first", {"type": "enum", "name": "E", "symbols": ["A", "B", "C"]}, "A")
case("enum last", {"type": "enum", "name": "E", "symbols": ["A", "B", "C"], "default": "A"}, "C")
case("array empty", {"type": "array", "items": "int"}, [])
case("array", {"type": "array", "items": "int"}, [1, -2, 300])
case("array of arrays", {"type": "array", "items": {"type": "array", "items": "string"}}, [[], ["a"], ["b", "c"]])
case("array of nulls", {"type": "array", "items": "null"}, [None] * 5)
case("array of 1000", {"type": "array", "items": "long"}, list(range(1000)))
case("map empty", {"type": "map", "values": "int"}, {})
case("map order", {"type": "map", "values": "int"}, {"z": 1, "a": 2, "m": 3, "ä": 5})
case("map of maps", {"type": "map", "values": {"type": "map", "values": "boolean"}}, {"x": {"y": True}, "w": {}})
case("record order", record(("z", "int"), ("a", "string"), ("m", "boolean")), {"a": "x", "m": True, "z": 1})
case("record nested", record(("inner", record(("v", "double"), name="I")), ("again", "I")),
     {"inner": {"v": 1.5}, "again": {"v": 2.5}})
case("record namespaces",
     record(("a", record(("x", "int"), name="A")), ("b", "A"), ("c", "org.x.A"),
            ("d", fixed(1, name="other.F")), ("e", "other.F"),
            name="R", namespace="org.x"),
     {"a": {"x": 1}, "b": {"x": 2}, "c": {"x": 3}, "d": b"\x01", "e": b"\x02"})
LIST = record(("value", "long"), ("next", ["null", "Node"]), name="Node")
case("recursive list", LIST, {"value": 1, "next": {"value": 2, "next": {"value": 3, "next": None}}},
     avro={"value": 1, "next": {"Node": {"value": 2, "next": {"Node": {"value": 3, "next": None}}}}})
TREE = record(("kids", {"type": "array", "items": "t.Tree"}), ("by", {"type": "map", "values": "Tree"}), name="t.Tree")
case("recursive tree", TREE, {"kids": [{"kids": [], "by": {}}], "by": {"k": {"kids": [], "by": {}}}},
     avro={"kids": [{"kids": [], "by": {}}], "by": {"k": {"kids": [], "by": {}}}})
for n, v in (("null", None), ("value", 5)):
    case(f"optional {n}", ["null", "long"], v)
case("optional last", ["string", "null"], None)
case("union int long, int", ["int", "long"], 5)
case("union int long, long", ["int", "long"], 2**40)
case("union long double", ["long", "double"], 5.0)
case("union double long", ["double", "long"], 7)
case("union string bytes, string", ["bytes", "string"], "abcd")
case("union string bytes, bytes", ["string", "bytes"], b"\x01\x02", ambiguous=True)
case("union records", [record(("a", "int"), name="x.A"), record(("b", "int"), name="x.B")], {"b": 1})
case("union same records", [record(("a", "int"), name="A"), record(("a", "int"), name="B")],
     ("B", {"a": 1}), ambiguous=True)
case("union enum fixed", [{"type": "enum", "name": "E", "symbols": ["A"]}, fixed(2), "null"], b"\x01\x02")
case("union array map", ["null", {"type": "array", "items": "int"}, {"type": "map", "values": "int"}], {"int": 5})
case("union in a record", record(("u", ["null", "string", {"type": "map", "values": ["null", "int"]}])),
     {"u": {"a": None, "b": 1}})
case("union record field named as a type", ["null", record(("int", "int"), name="A")], {"int": 5})
case("union timestamp", ["null", logical("long", "timestamp-millis")], dt.datetime(2024, 2, 29, 12, 0, tzinfo=UTC))
case("union decimal", ["null", logical("bytes", "decimal", precision=4, scale=2)], D("12.34"))
for day in (dt.date(2024, 2, 29), dt.date(1969, 12, 31), dt.date(1, 1, 1), dt.date(9999, 12, 31)):
    case(f"date {day}", logical("int", "date"), day)
case("date beyond", logical("int", "date"), 2**31 - 1)
case("time-millis", logical("int", "time-millis"), dt.time(23, 59, 59, 999000))
case("time-millis beyond", logical("int", "time-millis"), 86400000)
case("time-micros", logical("long", "time-micros"), dt.time(0, 0, 0, 1))
case("time-micros negative", logical("long", "time-micros"), -1)
for l, digits in (("millis", 3), ("micros", 6), ("nanos", 9)):
    for n, sec, frac in (("leap day", 1709164799, 1), ("before 1970", -1, 10**digits - 1), ("zero", 0, 0)):
        v = sec * 10**digits + frac
        case(f"timestamp-{l} {n}", logical("long", "timestamp-" + l), v)
        case(f"local-timestamp-{l} {n}", logical("long", "local-timestamp-" + l), v)
    case(f"timestamp-{l} beyond", logical("long", "timestamp-" + l), 2**63 - 1)
for text in ("1.10", "0.00", "-0.01", "99.99", "-99.99"):
    case(f"decimal bytes {text}", logical("bytes", "decimal", precision=4, scale=2), D(text))
    case(f"decimal fixed {text}", logical("fixed", "decimal", precision=4, scale=2, name="F", size=5), D(text))
case("decimal whole", logical("bytes", "decimal", precision=30), D(10**29))
case("decimal 128", logical("bytes", "decimal", precision=4, scale=0), D(128))
# fastavro writes ff80, the shortest is 80: the text does not say which.
case("decimal -128", logical("bytes", "decimal", precision=4, scale=0), D(-128), ambiguous=True)
case("uuid string", logical("string", "uuid"), "f81d4fae-7dec-11d0-a765-00a0c91e6bf6")
case("uuid fixed", fixed(16, logicalType="uuid"), bytes(range(16)))
case("duration", fixed(12, logicalType="duration"), struct.pack("<III", 1, 2, 2**32 - 1))
case("unknown logical type", logical("int", "furlongs"), 3)
case("logical type that does not fit", logical("string", "date"), "x")
BIG = record(
    ("id", "long"), ("uuid", logical("string", "uuid")), ("created", logical("long", "timestamp-millis")),
    ("day", logical("int", "date")), ("status", {"type": "enum", "name": "Status", "symbols": ["NEW", "PAID", "SENT"]}),
    ("total", logical("bytes", "decimal", precision=10, scale=2)), ("paid", "boolean"), ("rate", "double"),
    ("ratio", "float"), ("note", ["null", "string"]),
    ("customer", record(("name", "string"), ("mail", ["null", "string"]), ("age", "int"),
                        ("address", record(("street", "string"), ("city", "string"), ("zip", "string"),
                                           name="Address")), name="Customer")),
    ("items", {"type": "array", "items": record(("sku", "string"), ("count", "int"), ("price", "double"), name="Item")}),
    ("tags", {"type": "map", "values": "string"}), name="shop.Order")
case("big", BIG, {
    "id": 123456789012, "uuid": "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
    "created": dt.datetime(2024, 2, 29, 12, 30, 15, 123000, tzinfo=UTC), "day": dt.date(2024, 2, 29),
    "status": "PAID", "total": D("1234.50"), "paid": True, "rate": 0.19, "ratio": 0.5, "note": None,
    "customer": {"name": "Ada Lovelace", "mail": "ada@example.org", "age": 36,
                 "address": {"street": "Main St 1", "city": "London", "zip": "12345"}},
    "items": [{"sku": "A-1", "count": 2, "price": 9.5}, {"sku": "B-22", "count": 1, "price": 100.25}],
    "tags": {"source": "web", "campaign": "spring"}})

DEFAULTS = []  # (name, schema, JSON in, what it stands for)


def default(name, t, d, means):
    DEFAULTS.append((name, record(("x", "int"), ("f", t, {"default": d})), {"x": 1}, {"x": 1, "f": means}))


default("bytes", "bytes", "\u00ff\u0000", b"\xff\x00")
default("fixed", fixed(2), "\u00fe\u0001", b"\xfe\x01")
default("long beyond 2^53", "long", 2**53 + 1, 2**53 + 1)
default("null", ["null", "int"], None, None)
default("first branch", ["int", "null"], 7, 7)
default("string", "string", "ü", "ü")
default("enum", {"type": "enum", "name": "E", "symbols": ["A", "B"]}, "B", "B")
default("array", {"type": "array", "items": "int"}, [1, 2], [1, 2])
default("map", {"type": "map", "values": "int"}, {"a": 1}, {"a": 1})
default("record", record(("a", "int"), ("b", "string", {"default": "inner"}), name="I"), {"a": 4}, {"a": 4, "b": "inner"})
default("double", "double", 1, 1.0)
default("boolean", "boolean", True, True)

RESOLVE = []  # (name, writer, reader, datum)
RESOLVE += [(f"{w} to {r}", w, r, v) for w, r, v in (
    ("int", "long", 5), ("int", "float", 5), ("int", "double", 5), ("long", "float", 5), ("long", "double", 5),
    ("float", "double", 1.5), ("string", "bytes", "ab"), ("bytes", "string", b"ab"))]
RESOLVE += [
    ("field added", record(("a", "int")), record(("a", "int"), ("b", "string", {"default": "x"})), {"a": 1}),
    ("field removed", record(("a", "int"), ("b", {"type": "array", "items": "string"})), record(("a", "int")),
     {"a": 1, "b": ["x"]}),
    ("fields moved", record(("a", "int"), ("b", "string")), record(("b", "string"), ("a", "long")), {"a": 1, "b": "x"}),
    ("field renamed", record(("a", "int")), record(("b", "int", {"aliases": ["a"]})), {"a": 1}),
    ("record renamed", record(("a", "int"), name="Old"), record(("a", "int"), name="New", aliases=["Old"]), {"a": 1}),
    ("made optional", record(("a", "int")), record(("a", ["null", "int"])), {"a": 1}),
    ("union widened", ["int", "string"], ["string", "long"], 5),
    ("enum default", {"type": "enum", "name": "E", "symbols": ["A", "B", "C"]},
     {"type": "enum", "name": "E", "symbols": ["A", "B"], "default": "A"}, "C"),
    ("items promoted", {"type": "array", "items": "int"}, {"type": "array", "items": "double"}, [1, 2]),
    ("values promoted", {"type": "map", "values": "int"}, {"type": "map", "values": "long"}, {"a": 1}),
    ("recursive", LIST, record(("next", ["null", "Node"]), ("value", "double"), ("more", "string", {"default": "d"}),
                               name="Node"), {"value": 1, "next": {"value": 2, "next": None}}),
]


def resolved(writer, reader, datum):
    """What is written, and what is read, in the bytes of the reader's schema."""
    data = binary(writer, datum)
    v = fastavro.schemaless_reader(io.BytesIO(data), parse_schema(writer), parse_schema(reader))
    return data, binary(reader, v)


def container(codec):
    out = io.BytesIO()
    fastavro.writer(out, parse_schema(record(("a", ["null", "int"]), ("d", logical("int", "date")))),
                    [{"a": 1, "d": 0}, {"a": None, "d": 1}], codec=codec, sync_marker=bytes(range(16)))
    return out.getvalue()


def corpus():
    data = []
    for name, schema, datum, ambiguous, avro in DATA:
        b = binary(schema, datum)
        j = avro or avro_json(schema, b)
        pcf = to_parsing_canonical_form(parse_schema(schema))
        entry = {"name": name, "schema": schema, "hex": b.hex(),
                 "avro": dumps(Shape(plain=False).walk(schema, j)), "plain": dumps(Shape(plain=True).walk(schema, j)),
                 "canonical": pcf, "fingerprint": fingerprint(pcf, "CRC-64-AVRO")}
        data.append(entry | ({"ambiguous": True} if ambiguous else {}))
    return {
        "fastavro": fastavro.__version__,
        "data": data,
        "defaults": [{"name": n, "schema": s, "json": dumps(j), "hex": binary(s, v).hex()} for n, s, j, v in DEFAULTS],
        "resolve": [dict(zip(("name", "writer", "reader", "hex", "read"),
                             (n, w, r, *(x.hex() for x in resolved(w, r, v)))))
                    for n, w, r, v in RESOLVE],
        "containers": [{"name": c, "hex": container(c).hex()} for c in ("null", "deflate")],
    }


def main():
    text = json.dumps(corpus(), indent=1, ensure_ascii=True) + "\n"
    if sys.argv[1:2] == ["--check"]:
        with open(sys.argv[2], encoding="ascii") as f:
            want = json.load(f)
        have = json.loads(text)
        for part in ("data", "defaults", "resolve", "containers"):
            for a, b in zip(want[part], have[part], strict=True):
                if a != b:
                    sys.exit(f"{part}: {a['name']}: the corpus says {a}, fastavro says {b}")
        print(sum(len(want[p]) for p in ("data", "defaults", "resolve", "containers")), "cases")
        return
    sys.stdout.write(text)


main()
