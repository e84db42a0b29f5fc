"""Writes science.json: what NumPy and pandas pickle, and the plain JSON that it should be.

    pip install numpy pandas   (2.4.6, 3.1.1)
    python make_science.py
"""

import base64
import datetime
import json
import os
import pickle
import zoneinfo

import numpy as np
import pandas as pd

cases = []


def c(name, v, want):
    for p in (2, 4, 5):
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
c("timestamp with a zone",pd.Timestamp('2024-02-29T12:00:00',tz='UTC'),'"2024-02-29T12:00:00.000000Z"')
c("timedelta",pd.Timedelta('1.5s'),'1.5')
c("NaT",pd.NaT,'null')
c("index",pd.Index([1,2,3]),'[1,2,3]')
c("zoneinfo",zoneinfo.ZoneInfo('Europe/Berlin'),'"Europe/Berlin"')
c("datetime with zoneinfo",datetime.datetime(2024,1,1,tzinfo=zoneinfo.ZoneInfo('Europe/Berlin')),'"2024-01-01T00:00:00[Europe/Berlin]"')
c("key",{np.int64(3):1},'{"3":1}')

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "science.json"), "w") as f:
    f.write("[\n" + ",\n".join(json.dumps(x, ensure_ascii=False) for x in cases) + "\n]\n")
