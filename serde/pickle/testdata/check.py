#!/usr/bin/env python3
"""Reads lines of {"name", "want", "have", "load", "protocol"} and says which pairs of
pickles (base64) are not equal: to the recorder, and where "load" is true to Python itself.
Loading runs what the pickles say, so want has to be one of this directory's corpus.
"""

import base64
import json
import math
import pickle
import pickletools
import sys

import recorder


def attributes(v):
    out = {}
    for cls in type(v).__mro__:
        for name in getattr(cls, "__slots__", ()):
            if isinstance(name, str) and hasattr(v, name) and name != "__weakref__":
                out[name] = getattr(v, name)
    out.update(getattr(v, "__dict__", {}))
    return out


def equal(a, b, pairs):
    """Whether a and b are equal as graphs: the same values, shared in the same places."""
    if a is b:  # classes, functions, members of enums
        return True
    if type(a) is not type(b):
        return False
    if isinstance(a, float):
        return math.isnan(a) and math.isnan(b) or a == b and math.copysign(1, a) == math.copysign(1, b)
    if isinstance(a, (int, str, bytes)) and type(a).__module__ == "builtins":
        return a == b
    if isinstance(a, (list, dict, set, bytearray)) or hasattr(a, "__dict__"):
        if pairs.setdefault(("a", id(a)), (b, a))[0] is not b or pairs.setdefault(("b", id(b)), (a, b))[0] is not a:
            return False
    if (id(a), id(b)) in pairs:
        return True
    pairs[id(a), id(b)] = (a, b)
    if type(a).__module__ == "decimal":
        return a.as_tuple() == b.as_tuple()
    left, right = attributes(a), attributes(b)
    if isinstance(a, (dict, set, frozenset, list, tuple)) and (left or right) and not equal(left, right, pairs):
        return False
    if isinstance(a, dict):
        return len(a) == len(b) and all(equal(k, l, pairs) and equal(x, y, pairs) for (k, x), (l, y) in zip(a.items(), b.items()))
    if isinstance(a, (set, frozenset)):
        order = lambda s: sorted(s, key=lambda x: repr(x) if type(x).__repr__ is not object.__repr__ else type(x).__name__)
        return len(a) == len(b) and all(equal(x, y, pairs) for x, y in zip(order(a), order(b)))
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(equal(x, y, pairs) for x, y in zip(a, b))
    if type(a).__eq__ is not object.__eq__ and a == b:
        return getattr(a, "fold", 0) == getattr(b, "fold", 0) and str(a) == str(b)
    if left or right:
        return equal(left, right, pairs) and (not isinstance(a, BaseException) or equal(a.args, b.args, pairs))
    reduced = [v.__reduce_ex__(4) for v in (a, b)]
    return reduced[0] == reduced[1] or pickle.dumps(a, 4) == pickle.dumps(b, 4)


def check(case):
    want, have = base64.b64decode(case["want"]), base64.b64decode(case["have"])
    for opcode, arg, at in pickletools.genops(have):
        if opcode.proto > case["protocol"]:
            return "%s at %d is of protocol %d" % (opcode.name, at, opcode.proto)
    if case["same"] and recorder.lossless(want) != recorder.lossless(have):
        return "recorded as %s, not as %s" % (recorder.lossless(have)[:400], recorder.lossless(want)[:400])
    if case["load"]:
        a, b = pickle.loads(want), pickle.loads(have)
        if not equal(a, b, {}):
            return "%.200r is not %.200r" % (b, a)
        if not equal(a, pickle._loads(have), {}):
            return "the pickle module in Python reads it differently"
    return None


count = 0
for line in sys.stdin:
    case = json.loads(line)
    count += 1
    try:
        error = check(case)
    except Exception as e:
        error = "%s: %s" % (type(e).__name__, e)
    if error:
        print("%s: %s" % (case["name"], error))
print("checked", count)
