"""Writes corpus.json and framed.json with the Python packages jsonschema and
confluent-kafka, to be witnesses:

    pip install 'confluent-kafka[json,schemaregistry]'
    python make_corpus.py
"""

import json
import os

import jsonschema
from confluent_kafka.schema_registry import Schema, SchemaReference, SchemaRegistryClient
from confluent_kafka.schema_registry import header_schema_id_serializer, topic_subject_name_strategy
from confluent_kafka.schema_registry.json_schema import JSONSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

os.chdir(os.path.dirname(os.path.abspath(__file__)))

D4, D7 = "http://json-schema.org/draft-04/schema#", "http://json-schema.org/draft-07/schema#"
D19, D20 = "https://json-schema.org/draft/2019-09/schema", "https://json-schema.org/draft/2020-12/schema"

SCHEMAS = {
    "types": ({"$schema": D7, "type": "object", "properties": {"i": {"type": "integer"}, "s": {"type": "string"}, "n": {"type": ["null", "number"]}},
               "required": ["i"], "additionalProperties": False},
              [{"i": 1}, {"i": 1.0}, {"i": 1.5}, {}, {"i": "1"}, {"i": 1, "x": 2}, {"i": 1, "n": None}, {"i": 1, "s": None}, [], "x", None,
               {"i": 123456789012345678901234567890}]),
    "numbers": ({"$schema": D7, "type": "number", "multipleOf": 0.01, "minimum": 0, "exclusiveMaximum": 100},
                [0, 100, -0.01, 0.001]),
    "draft 4": ({"$schema": D4, "id": "http://example.com/s", "type": "number", "maximum": 5, "exclusiveMaximum": True}, [4.9, 5, 6]),
    "patterns": ({"$schema": D20, "type": "object", "patternProperties": {"^x-": {"type": "string", "pattern": "^(?=a).*z$"}},
                  "propertyNames": {"maxLength": 5}},
                 [{"x-a": "abz"}, {"x-a": "bz"}, {"x-a": 1}, {"toolong": 1}, {"y": 1}]),
    "combined": ({"$schema": D19, "oneOf": [{"type": "integer"}, {"type": "number", "minimum": 5}], "not": {"const": 7},
                  "if": {"minimum": 100}, "then": {"multipleOf": 10}}, [1, 5.5, 5, 2.5, 7, 100, 101.5, 110.5, "x"]),
    "arrays": ({"$schema": D20, "prefixItems": [{"type": "string"}], "items": {"type": "integer"}, "uniqueItems": True, "contains": {"const": 3},
                "minItems": 2}, [["a", 3], ["a", 4], [3, 3], ["a", 3, 3], ["a"], ["a", 3, "b"], ["a", 3, 4]]),
    "recursive": ({"$schema": D7, "definitions": {"node": {"type": "object", "properties": {"next": {"$ref": "#/definitions/node"}},
                   "required": ["v"]}}, "$ref": "#/definitions/node"},
                  [{"v": 1}, {"v": 1, "next": {"v": 2}}, {"v": 1, "next": {}}, {"v": 1, "next": 5}]),
    "enum": ({"enum": ["a", 1, None, {"k": [1]}]}, ["a", 1, 1.0, None, {"k": [1]}, {"k": [2]}, "b", True]),
    "dependent": ({"$schema": D20, "dependentRequired": {"a": ["b"]}, "dependentSchemas": {"c": {"required": ["d"]}},
                   "unevaluatedProperties": False, "properties": {"a": {}, "b": {}, "c": {}, "d": {}}},
                  [{}, {"a": 1}, {"a": 1, "b": 1}, {"c": 1}, {"c": 1, "d": 1}, {"e": 1}]),
    "true": (True, [1, None]),
    "false": (False, [1]),
}

corpus = []
for name, (schema, values) in SCHEMAS.items():
    validator = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)(schema)
    for v in values:
        corpus.append({"schema": json.dumps(schema), "name": name, "value": json.dumps(v), "valid": validator.is_valid(v)})
with open("corpus.json", "w") as f:
    f.write("[\n" + ",\n".join(json.dumps(c) for c in corpus) + "\n]\n")

framed = []


def confluent(name, schema, value, references=(), header=False):
    client = SchemaRegistryClient.new_client({"url": "mock://" + name.replace(" ", "-")})
    refs = []
    for ref, text in references:
        client.register_schema(ref, Schema(json.dumps(text), "JSON"))
        refs.append(SchemaReference(ref, ref, 1))
    conf = {"subject.name.strategy": topic_subject_name_strategy}
    if header:
        conf["schema.id.serializer"] = header_schema_id_serializer
    headers = []
    serializer = JSONSerializer(Schema(json.dumps(schema), "JSON", refs), client, conf=conf)
    data = serializer(value, SerializationContext("t", MessageField.VALUE, headers))
    subjects = {}
    for s in client.get_subjects():
        v = client.get_latest_version(s)
        subjects[s] = {"id": v.schema_id, "guid": v.guid, "version": v.version, "text": v.schema.schema_str,
                       "references": [{"name": r.name, "subject": r.subject, "version": r.version} for r in v.schema.references or []]}
    framed.append({"name": name, "hex": data.hex(), "headers": [[k, v.hex()] for k, v in headers], "value": value, "subjects": subjects})


ITEM = {"$schema": D7, "title": "Item", "type": "object", "properties": {"sku": {"type": "string"}}, "required": ["sku"]}
ORDER = {"$schema": D7, "title": "Order", "type": "object", "properties": {"id": {"type": "integer"}, "items": {"type": "array", "items": {"$ref": "item.json"}}}}
confluent("plain", {"$schema": D7, "title": "Plain", "type": "object"}, {"b": 1, "a": [1.5, None, "\u00e9"]})
confluent("references", ORDER, {"id": 1, "items": [{"sku": "x"}]}, [("item.json", ITEM)])
confluent("header", {"$schema": D7, "title": "Plain", "type": "object"}, {"a": 1}, header=True)

with open("framed.json", "w") as f:
    f.write("[\n" + ",\n".join(json.dumps(c) for c in framed) + "\n]\n")
print(len(corpus), "cases,", len(framed), "framed")
