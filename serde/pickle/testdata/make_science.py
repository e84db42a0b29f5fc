"""Writes science.json: what NumPy and pandas pickle, and the plain JSON that it should be.

    pip install numpy pandas pytz pyarrow   (2.4.6, 3.1.1, 26.0.1)
    python make_science.py
    pip install pandas==2.2.3       (without pyarrow)
    python make_science.py science2.json
"""

import base64
import datetime
import importlib.util
import json
import os
import pickle
import sys
import zoneinfo

import numpy as np
import pandas as pd
import pytz

cases = []


def c(name, v, want, protocols=(2, 4, 5)):
    for p in protocols:
        cases.append({"name": f"{name}/{p}", "pickle": base64.b64encode(pickle.dumps(v, p)).decode(), "plain": want})


c("float32 matrix",np.array([[0.1,2],[3,4]],dtype='f4'),'[[0.1,2.0],[3.0,4.0]]')
c("Fortran's order",np.asfortranarray(np.array([[1,2,3],[4,5,6]],dtype='i2')),'[[1,2,3],[4,5,6]]')
c("big endian",np.array([1,-2],dtype='>i4'),'[1,-2]')
c("bool and none",[np.bool_(True),np.array([],dtype='f8')],'[true,[]]')
c("uint64",np.uint64(2**64-1),'18446744073709551615')
c("half",np.float16(1.5),'1.5')
c("complex",np.complex128(1+2j),'[1.0,2.0]')
c("texts",np.array(['a','héé']),'["a","héé"]')
c("bytes",np.array([b'a',b'bc']),'["YQ==","YmM="]')
c("dates",np.array(['2024-02-29','NaT'],dtype='M8[D]'),'["2024-02-29",null]')
c("times",np.datetime64('2024-02-29T12:00:00.5','ms'),'"2024-02-29T12:00:00.500"')
c("durations",np.array([1500],dtype='m8[ms]'),'[1.5]')
c("objects",np.array([None,'x',[1]],dtype=object),'[null,"x",[1]]')
c("no dimensions",np.array(7.5),'7.5')
c("nan",np.float64('nan'),'"NaN"')
c("timestamp",pd.Timestamp('2024-02-29T12:00:00.123456789'),'"2024-02-29T12:00:00.123456789"')
c("timestamp with a zone",pd.Timestamp('2024-02-29T12:00:00',tz='UTC').as_unit('us'),'"2024-02-29T12:00:00.000000Z"')
c("timedelta",pd.Timedelta('1.5s'),'1.5')
c("NaT",pd.NaT,'null')
c("index",pd.Index([1,2,3]),'[1,2,3]')
c("zoneinfo",zoneinfo.ZoneInfo('Europe/Berlin'),'"Europe/Berlin"')
berlin = zoneinfo.ZoneInfo("Europe/Berlin")
for d in [
    datetime.datetime(2024, 1, 1, tzinfo=berlin),
    datetime.datetime(2024, 7, 1, 12, 30, 1, 250, tzinfo=berlin),
    datetime.datetime(2024, 10, 27, 2, 30, tzinfo=berlin),  # twice
    datetime.datetime(2024, 10, 27, 2, 30, tzinfo=berlin, fold=1),
    datetime.datetime(2024, 3, 31, 2, 30, tzinfo=berlin),  # never
    datetime.datetime(2024, 3, 31, 2, 30, tzinfo=berlin, fold=1),
    datetime.datetime(1890, 1, 1, tzinfo=berlin),  # +00:53:28
    datetime.datetime(2077, 7, 1, tzinfo=zoneinfo.ZoneInfo("America/St_Johns")),
    datetime.datetime(2024, 1, 1, tzinfo=zoneinfo.ZoneInfo("UTC")),
    pytz.timezone("Asia/Kolkata").localize(datetime.datetime(2024, 1, 1)),
    datetime.datetime(2024, 1, 1, tzinfo=pytz.timezone("Europe/Berlin")),  # +00:53 of pytz, as no one wants it
]:
    c("datetime " + d.isoformat() + str(d.fold), d, f'"{d.isoformat()}[{d.tzinfo}]"', (4, 5) if d.fold else (2, 4, 5))
c("time with zoneinfo",datetime.time(1,2,tzinfo=berlin),'"01:02:00[Europe/Berlin]"')
c("key",{np.int64(3):1},'{"3":1}')



def records(df):
    """What DataFrame.to_dict has, NaN as plain JSON has it."""
    return json.dumps(df.to_dict("records"), separators=(",", ":"), ensure_ascii=False).replace("NaN", '"NaN"')


rows = pd.DataFrame({"id": [1, 2, 3], "name": ["é", "b", None], "price": [1.5, np.nan, 2.0], "ok": [True, False, True]})
rows["name"] = rows["name"].astype("string")
c("frame",rows,'[{"id":1,"name":"é","price":1.5,"ok":true},{"id":2,"name":"b","price":"NaN","ok":false},{"id":3,"name":null,"price":2.0,"ok":true}]')
numbers = pd.DataFrame(np.arange(6).reshape(3, 2))
c("frame of an array",numbers,'[{"0":0,"1":1},{"0":2,"1":3},{"0":4,"1":5}]')
mixed = pd.DataFrame({"a": [1, 2], "b": [0.5, 1.5], "c": [3, 4], "d": [2.5, 3.5]})
c("frame, columns in turn",mixed,records(mixed))
c("frame, a part",mixed[["d", "a"]],records(mixed[["d", "a"]]))
c("frame, its rows",mixed[mixed.a > 1],records(mixed[mixed.a > 1]))
c("frame, an index with a name",mixed.set_index("c"),'[{"c":3,"a":1,"b":0.5,"d":2.5},{"c":4,"a":2,"b":1.5,"d":3.5}]')
c("frame, two levels",mixed.set_index(["c", "a"]),'[{"c":3,"a":1,"b":0.5,"d":2.5},{"c":4,"a":2,"b":1.5,"d":3.5}]')
c("frame, grouped",mixed.groupby("a").sum(),'[{"a":1,"b":0.5,"c":3,"d":2.5},{"a":2,"b":1.5,"c":4,"d":3.5}]')
c("frame of nothing",pd.DataFrame({"a": []}),'[]')
c("frame without columns",pd.DataFrame(),'[]')
typed = pd.DataFrame({
    "n": pd.array([1, None], dtype="Int64"),
    "b": pd.array([True, None], dtype="boolean"),
    "f": pd.array([0.5, None], dtype="Float64"),
    "c": pd.Categorical(["x", None]),
    "t": pd.to_datetime(["2024-01-01T00:00:00Z", None]).as_unit("us").tz_convert("Europe/Berlin"),
    "u": pd.to_datetime(["2024-01-01", None]).as_unit("us"),
    "d": pd.to_timedelta(["1.5s", None]),
})
c("frame of types",typed,'[{"n":1,"b":true,"f":0.5,"c":"x","t":"2024-01-01T00:00:00.000000Z[Europe/Berlin]","u":"2024-01-01T00:00:00.000000","d":1.5},{"n":null,"b":null,"f":null,"c":null,"t":null,"u":null,"d":null}]')
c("series",pd.Series([1, 2, 3], name="n"),'[1,2,3]')
c("series with an index",pd.Series(["a", "b"], index=["x", "y"]).astype("string"),'["a","b"]')
c("series of objects",pd.Series([1, "a", None, [2]]),'[1,"a",null,[2]]')
c("series of times",pd.Series(pd.date_range("2024-01-01", periods=2, unit="us")),'["2024-01-01T00:00:00.000000","2024-01-02T00:00:00.000000"]')
c("index of times",pd.date_range("2024-01-01", periods=1, unit="us", tz="UTC"),'["2024-01-01T00:00:00.000000Z"]')
c("array with a mask",pd.array([1, None], dtype="Int64"),'[1,null]')
c("frames in a dict",{"x": mixed[["a"]], "y": mixed[["a"]]},'{"x":[{"a":1},{"a":2}],"y":[{"a":1},{"a":2}]}')

if importlib.util.find_spec("pyarrow"):
    import pyarrow as pa

    texts = pd.DataFrame({"name": ["x", None, "é", ""], "id": [1, 2, 3, 4]})  # with pyarrow text is in Arrow
    c("frame with Arrow",texts,'[{"name":"x","id":1},{"name":null,"id":2},{"name":"é","id":3},{"name":"","id":4}]')
    c("frame with Arrow, a part",texts[1:3],'[{"name":null,"id":2},{"name":"é","id":3}]')
    c("frame with Arrow, nothing",texts[:0],'[]')
    for dtype, values, want in [
        ("string", ["a", None, "bc"], '["a",null,"bc"]'),
        ("large_string", ["a", "bc"], '["a","bc"]'),
        ("bool", [True, None, False] * 3, '[true,null,false,true,null,false,true,null,false]'),
        ("int8", [-1, None], '[-1,null]'),
        ("uint64", [2**64 - 1], '[18446744073709551615]'),
        ("halffloat", np.array([1.5], "f2"), '[1.5]'),
        ("float", [0.5, None], '[0.5,null]'),
        ("double", [1e300], '[1e+300]'),
    ]:
        array = pd.arrays.ArrowExtensionArray(pa.array(values, type=pa.type_for_alias(dtype)))
        c("Arrow " + dtype, array, want)
        c("Arrow, a part of " + dtype, pd.Series(array)[1:].array, json.dumps(json.loads(want)[1:], separators=(",", ":")))

name = sys.argv[1] if len(sys.argv) > 1 else "science.json"
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), name), "w") as f:
    f.write("[\n" + ",\n".join(json.dumps(x, ensure_ascii=False) for x in cases) + "\n]\n")
