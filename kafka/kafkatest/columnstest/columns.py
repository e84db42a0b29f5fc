"""Other people's readers of column files.

columns.py duckdb SQL…        prints the rows of each statement, a JSON list a line
columns.py arrow FILE…        prints the schema and the rows of Parquet files as JSON lines
columns.py avro FILE          prints the rows of an Avro container file as JSON lines
"""

import base64
import datetime
import decimal
import json
import sys


def plain(value):
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode()}
    if isinstance(value, (datetime.datetime, datetime.date)):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return str(value)
    raise TypeError(type(value))


def show(value):
    print(json.dumps(value, default=plain, ensure_ascii=False))


def main(verb, *args):
    if verb == "duckdb":
        import duckdb

        connection = duckdb.connect()
        for statement in args:
            for row in connection.sql(statement).fetchall():
                show(row)
    elif verb == "arrow":
        import pyarrow.parquet

        for name in args:
            table = pyarrow.parquet.read_table(name)
            for field in table.schema:
                print(f"{field.name}: {field.type}")
            for row in table.to_pylist():
                show(row)
    elif verb == "avro":
        import fastavro

        with open(args[0], "rb") as file:
            for row in fastavro.reader(file):
                show(row)
    else:
        sys.exit(__doc__)


main(*sys.argv[1:])
