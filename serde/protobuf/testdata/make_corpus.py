"""Writes corpus.binpb, corpus.json and framed.json with Google's Python protobuf and
Confluent's serializers:

    pip install protobuf grpcio-tools 'confluent-kafka[protobuf,json,schemaregistry]'
    python make_corpus.py

The expected JSON is what google.protobuf.json_format says.
"""

import json
import os

from google.protobuf import any_pb2, descriptor_pb2, descriptor_pool, duration_pb2, json_format
from google.protobuf import message_factory, struct_pb2, timestamp_pb2, wrappers_pb2
from grpc_tools import protoc

HERE = os.path.dirname(os.path.abspath(__file__))
os.chdir(HERE)
FILES = ["common/money.proto", "corpus.proto", "old.proto", "edition.proto", "trap.proto"]
WELL_KNOWN = os.path.join(os.path.dirname(protoc.__file__), "_proto")
assert protoc.main(["protoc", "-I.", "-I" + WELL_KNOWN, "--include_imports", "--descriptor_set_out=corpus.binpb"] + FILES) == 0

pool = descriptor_pool.DescriptorPool()
descriptors = descriptor_pb2.FileDescriptorSet.FromString(open("corpus.binpb", "rb").read())
for f in descriptors.file:
    pool.Add(f) if hasattr(pool, "Add") else pool.AddSerializedFile(f.SerializeToString())


def cls(name):
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(name))


cases = []


def case(name, message, data=None, one_way=False, note=None):
    if data is not None:
        message = type(message).FromString(data)
    else:
        data = message.SerializePartialToString(deterministic=True)
    text = json_format.MessageToJson(message, indent=None, descriptor_pool=pool)
    cases.append({
        "name": name, "message": message.DESCRIPTOR.full_name, "hex": data.hex(),
        "json": json.loads(text), "oneWay": one_way,
    })


def parse(name, obj):
    return json_format.ParseDict(obj, cls(name)(), descriptor_pool=pool)


S = cls("corpus.Scalars")
case("empty", S())
case("all scalars", S(a_double=1.5, a_float=0.1, an_int32=-1, an_int64=-2**63, a_uint32=2**32 - 1, a_uint64=2**64 - 1,
                      a_sint32=-2**31, a_sint64=-2**63, a_fixed32=2**32 - 1, a_fixed64=2**64 - 1, a_sfixed32=-2**31,
                      a_sfixed64=-2**63, a_bool=True, a_string="h\u00e9 \U0001f600 \"\\\n\x01", a_bytes=bytes(range(256)), color=1,
                      renamed_field="x", far=1))
case("not a number", S(a_double=float("nan"), a_float=float("inf")))
case("minus infinity", S(a_double=float("-inf"), a_float=float("-inf")))
case("minus zero", S(a_double=-0.0, a_float=-0.0))
case("small and large", S(a_double=5e-324, a_float=3.4028235e38))
case("unknown enum", S(color=77))
case("negative enum", S(color=-1))
case("explicit zeros", S(), bytes.fromhex("1800 2000 7200 7a00 800100".replace(" ", "")), one_way=True)
case("the last one counts", S(), bytes.fromhex("1801 1802 7201 61 720162 1803".replace(" ", "")), one_way=True)
case("long varint", S(), bytes.fromhex("18 81808080 80808080 8000".replace(" ", "")), one_way=True)

P = cls("corpus.Presence")
case("presence: none", P())
case("presence: zeros", P(number=0, text="", data=b"", color=0, flag=False, message=S()))
case("presence: merged", P(), bytes.fromhex("3202 1805 3205 2009 7201 78 3202 1806".replace(" ", "")), one_way=True)

R = cls("corpus.Repeated")
T = cls("corpus.Tree")
case("repeated", R(packed=[1, -1, 300], loose=[1, 2**62], text=["a", "", "b"], data=[b"", b"\xff"], colors=[0, 1, -1, 9],
                   trees=[T(name="a"), T(), T(left=T(name="b"))], doubles=[0, 1.25], bools=[True, False], fixed=[1, 2]))
case("packed though declared loose", R(), bytes.fromhex("1203 010203".replace(" ", "")), one_way=True)
case("loose though declared packed", R(), bytes.fromhex("0801 0802 0a020304 0805".replace(" ", "")), one_way=True)
case("empty packed", R(), bytes.fromhex("0a00"), one_way=True)
case("interleaved", R(), bytes.fromhex("1a0161 0801 1a0162 0802 320309" .replace(" ", "")[:-6] + "1a0163"), one_way=True)

M = cls("corpus.Maps")
m = M(texts={"b": "2", "a": "1", "": ""}, ints={-1: 5, 10: -7, 9: 0}, bools={True: 1, False: 0.5}, colors={2**64 - 1: 1, 0: 7},
      data={-5: b"x", 5: b""}, floats={2**32 - 1: 0.25})
m.trees["t"].left.name = "l"
m.trees["e"].SetInParent()
m.values["v"].list_value.values.add().number_value = 3
m.values["s"].struct_value.fields["k"].null_value = 0
case("maps", m)
case("map with a key twice", M(), bytes.fromhex("0a06 0a0161 120131 0a06 0a0161 120132".replace(" ", "")), one_way=True)
case("map entry without key and value", M(), bytes.fromhex("0a00 1200 2200 2a00 3200".replace(" ", "")), one_way=True)
case("map entry value first", M(), bytes.fromhex("0a06 120131 0a0161".replace(" ", "")), one_way=True)

O = cls("corpus.OneOf")
case("oneof: zero", O(number=0))
case("oneof: text", O(before="x", text="", after="y"))
case("oneof: tree", O(tree=T(name="n")))
case("oneof: enum", O(color=0))
case("oneof: null", O(nothing=0))
case("oneof: the last counts", O(), bytes.fromhex("1005 1a0161 2203 0a0162 3a0163 1007".replace(" ", "")), one_way=True)
case("oneof: merged after another", O(), bytes.fromhex("2203 0a0161 1a0178 2205 1203 0a0162 2203 0a0163".replace(" ", "")), one_way=True)

case("tree", T(name="root", left=T(name="l", right=T(name="lr")), right=T(name="r")))
deep = T()
for i in range(90):
    deep = T(left=deep)
case("deep tree", deep)

K = cls("corpus.Known")
case("timestamps", parse("corpus.Known", {"timestamps": ["2024-02-29T23:59:58Z", "1969-12-31T23:59:59.500Z", "0001-01-01T00:00:00Z",
     "9999-12-31T23:59:59.999999999Z", "2024-01-01T00:00:00.000001Z", "2024-01-01T02:00:00+02:00"]}))
for text in ["0s", "1s", "-1.500s", "0.000000001s", "-0.000001s", "315576000000s"]:
    case("duration " + text, parse("corpus.Known", {"duration": text}))
case("field mask", parse("corpus.Known", {"mask": "aField,other.fooBar"}))
case("empty field mask", parse("corpus.Known", {"mask": ""}))
case("struct", parse("corpus.Known", {"object": {"b": [1, "x", None, True, {"c": {}}], "a": -0.5, "": []}, "value": None, "list": [[], {}]}))
case("value text", parse("corpus.Known", {"value": "v", "empty": {}}))
case("wrappers", parse("corpus.Known", {"aDouble": 1.5, "aFloat": 0.1, "anInt64": "-5", "aUint64": "18446744073709551615", "anInt32": 0,
     "aUint32": 1, "aBool": False, "aString": "", "bytes": "AP8="}))
case("import", parse("corpus.Known", {"price": {"currency": "EUR", "units": "12", "nanos": 5}}))


def packed(message, prefix="type.googleapis.com/"):
    a = any_pb2.Any(type_url=prefix + message.DESCRIPTOR.full_name, value=message.SerializeToString(deterministic=True))
    return a.SerializeToString(deterministic=True)


def anys(*list):
    k = K()
    for data in list:
        k.anys.add().ParseFromString(data)
    return k


case("any", anys(packed(T(name="x", left=T())), packed(S(an_int64=5)), packed(duration_pb2.Duration(seconds=3)),
                 packed(timestamp_pb2.Timestamp(seconds=1)), packed(wrappers_pb2.StringValue(value="w")), packed(T(name="y"), "example.com/a/b/"),
                 packed(struct_pb2.Value(string_value="s")), packed(T())))
inner = any_pb2.Any()
inner.ParseFromString(packed(T(name="deep")))
case("any in any", anys(packed(inner)))

OLD = cls("old.Old")
old = OLD(id="a", count=7, level=1, loose=[1, 2], packed=[3, 4], text="t", levels={"x": 2})
old.inner.a = "g"
old.inner.deep.add().b = 5
old.inner.deep.add()
old.Extensions[pool.FindExtensionByName("old.nick")] = "n"
old.Extensions[pool.FindExtensionByName("old.notes")].add().text = "note"
old.Extensions[pool.FindExtensionByName("old.Note.main")].text = "main"
case("proto2", old)
case("proto2: required and missing", OLD(count=0))

E = cls("edition.Edition")
e = E(with_presence="", implicit=0, expanded=[1, 2], raw="r")
e.delimited.name = "d"
e.delimited.part.name = "dd"
case("edition 2023", e)

with open("corpus.json", "w") as f:
    f.write("[\n" + ",\n".join(json.dumps(c, ensure_ascii=True) for c in cases) + "\n]\n")

# What Confluent's serializers write, with their registry in memory.
from confluent_kafka.schema_registry import SchemaRegistryClient, topic_subject_name_strategy, header_schema_id_serializer
from confluent_kafka.schema_registry.protobuf import ProtobufSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

framed = []


def confluent(name, message, **conf):
    client = SchemaRegistryClient.new_client({"url": "mock://" + name.replace(" ", "-")})
    header = conf.pop("header", False)
    if header:
        conf["schema.id.serializer"] = header_schema_id_serializer
    conf["subject.name.strategy"] = topic_subject_name_strategy
    serializer = ProtobufSerializer(type(message), client, conf)
    headers = []
    data = serializer(message, SerializationContext("t", MessageField.VALUE, headers))
    registered = client.get_latest_version("t-value")
    subjects = {}
    for s in client.get_subjects():
        v = client.get_latest_version(s)
        subjects[s] = {"id": v.schema_id, "guid": v.guid, "version": v.version, "text": v.schema.schema_str,
                       "references": [{"name": r.name, "subject": r.subject, "version": r.version} for r in v.schema.references or []]}
    framed.append({"name": name, "message": message.DESCRIPTOR.full_name, "hex": data.hex(), "id": registered.schema_id,
                   "headers": [[k, v.hex()] for k, v in headers], "subjects": subjects,
                   "json": json_format.MessageToDict(message, descriptor_pool=pool)})


confluent("first message", cls("trap.First")(id="a"))
confluent("second message", cls("trap.Outer")(labels={"k": "v"}))
confluent("nested after a map", cls("trap.Outer.Inner")(name="n"))
confluent("nested deeper", cls("trap.Outer.Inner.Core")(n=5))
confluent("the last", cls("trap.Outer.Last")(number=5))
confluent("references", parse("corpus.Known", {"price": {"currency": "EUR"}, "timestamp": "2024-01-01T00:00:00Z"}))
confluent("header", cls("trap.Outer.Last")(number=6), header=True)
confluent("header of the first", cls("trap.First")(id="h"), header=True)

with open("framed.json", "w") as f:
    f.write("[\n" + ",\n".join(json.dumps(c) for c in framed) + "\n]\n")
print(len(cases), "cases,", len(framed), "framed")
