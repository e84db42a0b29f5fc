"""Writes and reads records with Confluent's own client and serializers.

confluent.py write FORMAT BROKERS REGISTRY TOPIC SCHEMA [NAME=SUBJECT:VERSION…] < JSON lines
confluent.py read  FORMAT BROKERS REGISTRY TOPIC SCHEMA COUNT                   > JSON lines

FORMAT is avro, protobuf or json. SCHEMA is a file; for protobuf it is a descriptor set
and the full name of a message, as set.binpb#shop.Order. Reading JSON and Avro, the
registry says it.
"""

import json
import sys
import warnings

warnings.filterwarnings("ignore")

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.schema_registry import Schema, SchemaReference, SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.json_schema import JSONDeserializer, JSONSerializer
from confluent_kafka.schema_registry.protobuf import ProtobufDeserializer, ProtobufSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory


def message_class(schema):
    path, _, name = schema.partition("#")
    files = descriptor_pb2.FileDescriptorSet()
    with open(path, "rb") as f:
        files.ParseFromString(f.read())
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(name))


def text_schema(kind, path, references):
    with open(path) as f:
        text = f.read()
    refs = []
    for reference in references:
        name, target = reference.split("=", 1)
        subject, version = target.rsplit(":", 1)
        refs.append(SchemaReference(name, subject, int(version)))
    return Schema(text, kind, refs)


def write(kind, brokers, registry, topic, schema, *references):
    client = SchemaRegistryClient({"url": registry})
    if kind == "avro":
        serialize = AvroSerializer(client, text_schema("AVRO", schema, references))
        parse = json.loads
    elif kind == "json":
        serialize = JSONSerializer(text_schema("JSON", schema, references), client)
        parse = json.loads
    else:
        message = message_class(schema)
        serialize = ProtobufSerializer(message, client, {"use.deprecated.format": False})
        parse = lambda line: json_format.Parse(line, message())
    producer = Producer({"bootstrap.servers": brokers})
    failed = []
    for line in sys.stdin:
        data = serialize(parse(line), SerializationContext(topic, MessageField.VALUE))
        producer.produce(topic, value=data, on_delivery=lambda err, _: failed.append(err) if err else None)
    if producer.flush(20) or failed:
        sys.exit(f"not delivered: {failed}")


def read(kind, brokers, registry, topic, schema, count):
    client = SchemaRegistryClient({"url": registry})
    if kind == "avro":
        deserialize = AvroDeserializer(client)
    elif kind == "json":
        deserialize = JSONDeserializer(None, schema_registry_client=client)  # by the ids of the records
    else:
        deserialize = ProtobufDeserializer(message_class(schema), {"use.deprecated.format": False}, client)
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "unused", "enable.auto.commit": False})
    consumer.assign([TopicPartition(topic, 0, 0)])
    for _ in range(int(count)):
        record = consumer.poll(20)
        if record is None or record.error():
            sys.exit(f"no record: {record and record.error()}")
        context = SerializationContext(topic, MessageField.VALUE, record.headers())
        value = deserialize(record.value(), context)
        if kind == "protobuf":
            value = json_format.MessageToDict(value)
        print(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
    consumer.close()


{"write": write, "read": read}[sys.argv[1]](*sys.argv[2:])
