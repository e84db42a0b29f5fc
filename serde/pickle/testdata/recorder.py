"""Unpickles with every class replaced by a recorder, and writes what was recorded as the
two forms of JSON. It is what the Go package is compared with, and shares nothing with it.
"""

import base64
import codecs
import collections
import datetime
import decimal
import io
import math
import pickle
import struct
import uuid
import zoneinfo
import _compat_pickle


class Glob:
    def __init__(self, module, name):
        self.module, self.name = module, name

    def full(self):
        return self.module + "." + self.name if self.module else self.name

    def is_(self, *names):
        return self.full() in names


class Ext:
    def __init__(self, code):
        self.code = code


class Pers:
    def __init__(self, id):
        self.id = id


class Buf:
    def __init__(self, index, readonly=False):
        self.index, self.readonly = index, readonly


class Items:
    """A set, frozenset or OrderedDict that keeps the order of the pickle."""

    def __init__(self, kind, items=()):
        self.kind, self.items = kind, list(items)

    def add(self, v):
        self.items.append(v)

    def __setitem__(self, k, v):
        self.items.append((k, v))

    def opened(self):
        """Becomes a recorded object in place: with a state it is more than its items."""
        items = self.items
        self.__class__ = Rec
        self.__init__("call", Glob("collections", "OrderedDict"))
        self.entries = items


class Rec:
    def __init__(self, how, cls, args=(), kwargs=None):
        self.how, self.cls, self.args, self.kwargs = how, cls, args, kwargs
        self.states, self.items, self.entries = [], [], []

    def append(self, v):
        self.items.append(v)

    def extend(self, vs):
        self.items.extend(vs)

    def __setitem__(self, k, v):
        self.entries.append((k, v))


class Zoned:
    """A datetime or time whose zone is no datetime.timezone."""

    def __init__(self, naive, rec):
        self.naive, self.rec = naive, rec


def real(cls, args):
    """The value of a call of one of Python's own types; None to record it."""
    name = cls.full()
    if name in ("builtins.set", "builtins.frozenset") and all(type(a) is list for a in args):
        return Items(cls.name, *args)
    if name == "collections.OrderedDict" and not args:
        return Items("odict")
    if name == "_codecs.encode":
        return codecs.encode(*args) if args[1:] in (("latin1",), ("latin-1",)) else None
    if name == "builtins.bytes" and not args:
        return b""
    if name == "builtins.bytearray":
        return bytearray(*args)
    if name == "builtins.complex":
        return complex(*args)
    if name == "decimal.Decimal":
        return decimal.Decimal(*args)
    if name == "datetime.timedelta":
        return datetime.timedelta(*args)
    if name in ("datetime.datetime", "datetime.date", "datetime.time"):
        make = getattr(datetime, cls.name)
        if len(args) == 2 and isinstance(args[1], Rec):
            zone = args[1]
            if isinstance(zone.cls, Glob) and zone.cls.is_("datetime.timezone") and len(zone.args) == 1:
                return make(args[0], datetime.timezone(*zone.args))
            return Zoned(make(args[0]), Rec("call", cls, args))
        return make(*args)
    return None


class Unpickler(pickle._Unpickler):
    dispatch = dict(pickle._Unpickler.dispatch)

    def __init__(self, data):
        super().__init__(io.BytesIO(data), buffers=[Buf(i) for i in range(100)])

    def _decode_string(self, value):
        try:
            return value.decode("ascii")
        except UnicodeDecodeError:
            return value

    def find_class(self, module, name):
        if self.proto < 3:
            if (module, name) in _compat_pickle.NAME_MAPPING:
                module, name = _compat_pickle.NAME_MAPPING[(module, name)]
            elif module in _compat_pickle.IMPORT_MAPPING:
                module = _compat_pickle.IMPORT_MAPPING[module]
        return Glob(module, name)

    def persistent_load(self, pid):
        return Pers(pid)

    def get_extension(self, code):
        self.append(Ext(code))

    def load_reduce(self):
        args = self.stack.pop()
        cls = self.stack[-1]
        made = None
        if isinstance(cls, Glob) and type(args) is tuple:
            made = real(cls, args)
        self.stack[-1] = Rec("call", cls, args) if made is None else made

    dispatch[pickle.REDUCE[0]] = load_reduce

    def load_newobj(self):
        args = self.stack.pop()
        self.stack[-1] = Rec("new", self.stack[-1], args)

    dispatch[pickle.NEWOBJ[0]] = load_newobj

    def load_newobj_ex(self):
        kwargs, args = self.stack.pop(), self.stack.pop()
        self.stack[-1] = Rec("new", self.stack[-1], args, kwargs)

    dispatch[pickle.NEWOBJ_EX[0]] = load_newobj_ex

    def _instantiate(self, klass, args):
        self.append(Rec("inst", klass, tuple(args)))

    def load_build(self):
        state = self.stack.pop()
        if isinstance(self.stack[-1], Items):
            self.stack[-1].opened()
        if not isinstance(self.stack[-1], Rec):
            self.stack[-1] = Rec("bare", self.stack[-1])
        self.stack[-1].states.append(state)

    dispatch[pickle.BUILD[0]] = load_build

    def load_empty_set(self):
        self.append(Items("set"))

    dispatch[pickle.EMPTY_SET[0]] = load_empty_set

    def load_frozenset(self):
        items = self.pop_mark()
        self.append(Items("frozenset", items))

    dispatch[pickle.FROZENSET[0]] = load_frozenset

    def load_readonly_buffer(self):
        b = self.stack[-1]
        self.stack[-1] = Buf(b.index, True)

    dispatch[pickle.READONLY_BUFFER[0]] = load_readonly_buffer


def load(data):
    return Unpickler(data).load()


def as_uuid(v):
    if not (isinstance(v, Rec) and len(v.states) == 1 and isinstance(v.states[0], dict)):
        return None
    new = v.how == "new" and isinstance(v.cls, Glob) and v.cls.is_("uuid.UUID")
    old = is_reconstructor(v) and isinstance(v.args[0], Glob) and v.args[0].is_("uuid.UUID")
    return uuid.UUID(int=v.states[0]["int"]) if new or old else None


def is_reconstructor(v):
    return (v.how == "call" and isinstance(v.cls, Glob) and v.cls.is_("copyreg._reconstructor") and
            len(v.args) == 3 and isinstance(v.args[1], Glob) and v.args[1].is_("builtins.object") and v.args[2] is None)


def attribute(v):
    """The dotted name behind getattr(class, "name")."""
    if isinstance(v, Glob):
        return v.full()
    if isinstance(v, Rec) and isinstance(v.cls, Glob) and v.cls.is_("builtins.getattr") and v.how == "call" and \
            not (v.states or v.items or v.entries) and len(v.args) == 2 and isinstance(v.args[1], str):
        parent = attribute(v.args[0])
        return parent and parent + "." + v.args[1]
    return None


def string(s):
    out = ['"']
    for c in s:
        if c in '"\\':
            out.append("\\" + c)
        elif c in "\n\r\t":
            out.append({"\n": "\\n", "\r": "\\r", "\t": "\\t"}[c])
        elif c < " ":
            out.append("\\u%04x" % ord(c))
        else:
            out.append(c)
    return "".join(out) + '"'


def b64(b):
    return '"' + base64.b64encode(b).decode() + '"'


def has_surrogates(s):
    return any("\ud800" <= c <= "\udfff" for c in s)


def iso(v):
    if isinstance(v, datetime.date) and not isinstance(v, datetime.datetime):
        return v.isoformat()
    return v.isoformat() + ("[fold=1]" if v.fold else "")


def seconds(d):
    micros = (d.days * 86400 + d.seconds) * 10**6 + d.microseconds
    whole, rest = divmod(abs(micros), 10**6)
    return ("-" if micros < 0 else "") + "%d.%s" % (whole, ("%06d" % rest).rstrip("0") or "0")


class Lossless:
    def __init__(self, root):
        self.counts, self.cyclic, self.active = {}, set(), set()
        self.visit(root)
        self.need = {i for i, n in self.counts.items() if n > 1} | self.cyclic
        self.ids = {}

    @staticmethod
    def mutable(v):
        if isinstance(v, Items):
            return v.kind != "frozenset"
        return isinstance(v, (list, dict, bytearray)) or isinstance(v, Rec) and as_uuid(v) is None

    def children(self, v):
        if isinstance(v, (list, tuple)):
            return list(v)
        if isinstance(v, dict):
            return [x for kv in v.items() for x in kv]
        if isinstance(v, Items):
            return [x for kv in v.items for x in kv] if v.kind == "odict" else v.items
        if isinstance(v, Pers):
            return [v.id]
        if isinstance(v, Zoned):
            return self.children(v.rec)
        if isinstance(v, Rec) and as_uuid(v) is None:
            args = list(v.args) if type(v.args) is tuple else [v.args]
            return [v.cls] + args + [v.kwargs] + v.states + v.items + [x for kv in v.entries for x in kv]
        return []

    def visit(self, v):
        if id(v) in self.active:
            self.cyclic.add(id(v))
            self.counts[id(v)] = self.counts.get(id(v), 1) + self.mutable(v)
            return
        if self.mutable(v):
            self.counts[id(v)] = self.counts.get(id(v), 0) + 1
            if self.counts[id(v)] > 1:
                return
        children = self.children(v)
        if children:
            self.active.add(id(v))
            for c in children:
                self.visit(c)
            self.active.remove(id(v))

    def tag(self, v, name, content):
        prefix = ""
        if id(v) in self.need:
            prefix = '"$id":%d,' % self.ids[id(v)]
        return "{" + prefix + '"$' + name + '":' + content + "}"

    def list(self, items):
        return "[" + ",".join(self.write(x) for x in items) + "]"

    def pairs(self, pairs):
        return "[" + ",".join(self.list(kv) for kv in pairs) + "]"

    def glob(self, g):
        if ":" in g.module:
            return self.list([g.module, g.name])
        return string(g.module + (":" if "." in g.name or ":" in g.name else ".") + g.name)

    def write(self, v):
        if id(v) in self.need:
            if id(v) in self.ids:
                return '{"$ref":%d}' % self.ids[id(v)]
            self.ids[id(v)] = len(self.ids) + 1
        identified = id(v) in self.need
        if v is None or isinstance(v, bool):
            return {None: "null", True: "true", False: "false"}[v]
        if isinstance(v, int):
            return '{"$int":"%x"}' % v if v.bit_length() > 131072 else str(v)
        if isinstance(v, float):
            return repr(v) if math.isfinite(v) else '{"$float":"%s"}' % repr(v)
        if isinstance(v, str):
            if has_surrogates(v):
                return '{"$str":' + b64(v.encode("utf-8", "surrogatepass")) + "}"
            return string(v)
        if isinstance(v, bytes):
            return '{"$bytes":' + b64(v) + "}"
        if isinstance(v, bytearray):
            return self.tag(v, "bytearray", b64(v))
        if isinstance(v, list):
            return self.tag(v, "list", self.list(v)) if identified else self.list(v)
        if isinstance(v, tuple):
            return self.tag(v, "tuple", self.list(v))
        if isinstance(v, dict):
            if not identified and all(isinstance(k, str) and not has_surrogates(k) and k[:1] != "$" for k in v):
                return "{" + ",".join(string(k) + ":" + self.write(x) for k, x in v.items()) + "}"
            return self.tag(v, "dict", self.pairs(v.items()))
        if isinstance(v, Items):
            return self.tag(v, v.kind, self.pairs(v.items) if v.kind == "odict" else self.list(v.items))
        if isinstance(v, complex):
            return self.tag(None, "complex", self.list([v.real, v.imag]))
        if isinstance(v, datetime.timedelta):
            return self.tag(None, "timedelta", self.list([v.days, v.seconds, v.microseconds]))
        for t, name in ((datetime.datetime, "datetime"), (datetime.date, "date"), (datetime.time, "time")):
            if isinstance(v, t):
                return self.tag(None, name, string(iso(v)))
        if isinstance(v, decimal.Decimal):
            return self.tag(None, "decimal", string(str(v)))
        if isinstance(v, Glob):
            return self.tag(None, "global", self.glob(v))
        if isinstance(v, Ext):
            return self.tag(None, "ext", str(v.code))
        if isinstance(v, Pers):
            return self.tag(None, "persid", self.write(v.id))
        if isinstance(v, Buf):
            return self.tag(None, "buffer", '%d,"readonly":%s' % (v.index, str(v.readonly).lower()))
        if isinstance(v, Zoned):
            return self.write(v.rec)
        if as_uuid(v) is not None:
            return self.tag(None, "uuid", string(str(as_uuid(v))))
        cls = self.glob(v.cls) if isinstance(v.cls, Glob) else self.write(v.cls)
        if isinstance(v.cls, str):
            cls = '{"$str":' + b64(v.cls.encode()) + "}"
        out = [cls, '"how":"%s"' % v.how]
        if v.how != "bare":
            args = self.list(v.args) if isinstance(v.args, (tuple, list)) else self.write(v.args)
            out.append('"args":' + (self.tag(v.args, "list", args) if isinstance(v.args, list) else args))
        if v.kwargs is not None:
            out.append('"kwargs":' + self.write(v.kwargs))
        if len(v.states) == 1:
            out.append('"state":' + self.write(v.states[0]))
        elif v.states:
            out.append('"states":' + self.list(v.states))
        if v.items:
            out.append('"items":' + self.list(v.items))
        if v.entries:
            out.append('"entries":' + self.pairs(v.entries))
        return self.tag(v, "object", ",".join(out))


NONE = object()


def zone_name(v):
    """The name behind zoneinfo.ZoneInfo._unpickle(name, cached)."""
    if isinstance(v, Rec) and v.how == "call" and attribute(v.cls) == "zoneinfo.ZoneInfo._unpickle":
        return v.args[0]
    return None


def numbers(dtype, data):
    code = dtype.args[0]
    formats = {"f8": "d", "f4": "f", "f2": "e", "i8": "q", "i4": "i", "u1": "B", "b1": "?"}
    return [x for x, in struct.iter_unpack(dtype.states[0][1] + formats[code], data)]


def meaning(v):
    """What a call of NumPy or pandas puts together, NONE for others."""
    if not (isinstance(v, Rec) and v.how == "call" and isinstance(v.cls, Glob)):
        return NONE
    if v.cls.is_("numpy.core.multiarray.scalar"):
        return numbers(*v.args)[0]
    if v.cls.is_("numpy.core.multiarray._reconstruct") and len(v.states[0][1]) == 1:
        _, (n,), dtype, _, data = v.states[0]
        flat = data if isinstance(data, list) else numbers(dtype, data)
        assert len(flat) == n
        return flat
    if v.cls.is_("pandas._libs.tslibs.timestamps._unpickle_timestamp") and v.args[1:] == (None, None, 10):
        whole, nanos = divmod(v.args[0], 10**9)
        return (datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=whole)).isoformat() + ".%09d" % nanos
    return NONE


class Plain:
    def __init__(self):
        self.active = set()

    def list(self, items):
        return "[" + ",".join(self.write(x) for x in items) + "]"

    def key(self, k):
        """The text of a scalar, without quotes; None for a container."""
        if isinstance(k, (tuple, Items, Pers, complex)) or isinstance(k, Zoned):
            return None
        text = self.write(k)
        if text[0] in "{[":
            return None
        return text[1:-1] if text[0] == '"' else text

    def dict(self, pairs):
        keys = [self.key(k) for k, _ in pairs]
        if None in keys or len(set(keys)) < len(keys):
            return "[" + ",".join(self.list(kv) for kv in pairs) + "]"
        return "{" + ",".join('"' + k + '":' + self.write(v) for k, (_, v) in zip(keys, pairs)) + "}"

    def write(self, v):
        if zone_name(v):
            return string(zone_name(v))
        if meaning(v) is not NONE:
            return self.write(meaning(v))
        if isinstance(v, (list, tuple, dict, Items, Rec)):
            if id(v) in self.active:
                return '"<cycle>"'
            self.active.add(id(v))
            out = self.container(v)
            self.active.remove(id(v))
            return out
        if v is None or isinstance(v, bool):
            return {None: "null", True: "true", False: "false"}[v]
        if isinstance(v, int):
            return '{"$int":"%x"}' % v if v.bit_length() > 131072 else str(v)
        if isinstance(v, float):
            if math.isnan(v):
                return '"NaN"'
            return repr(v) if math.isfinite(v) else '"Infinity"' if v > 0 else '"-Infinity"'
        if isinstance(v, str):
            return string("".join("\ufffd" if has_surrogates(c) else c for c in v))
        if isinstance(v, (bytes, bytearray)):
            return b64(v)
        if isinstance(v, complex):
            return self.list([v.real, v.imag])
        if isinstance(v, datetime.timedelta):
            return seconds(v)
        if isinstance(v, (datetime.date, datetime.time)):
            return string(iso(v))
        if isinstance(v, decimal.Decimal):
            return string(str(v))
        if isinstance(v, Glob):
            return string("<" + v.full() + ">")
        if isinstance(v, Ext):
            return '"<extension %d>"' % v.code
        if isinstance(v, Buf):
            return '"<buffer %d>"' % v.index
        if isinstance(v, Pers):
            return '{"py/persid":' + self.write(v.id) + "}"
        if isinstance(v, Zoned) and zone_name(v.rec.args[1]):
            zone = zone_name(v.rec.args[1])
            if isinstance(v.naive, datetime.datetime):
                return string(v.naive.replace(tzinfo=zoneinfo.ZoneInfo(zone)).isoformat() + "[" + zone + "]")
            return string(iso(v.naive) + "[" + zone + "]")
        if isinstance(v, Zoned):
            return '{"py/class":%s,"args":%s}' % (string(v.rec.cls.full()), self.list([iso(v.naive), v.rec.args[1]]))
        raise TypeError(type(v))

    def container(self, v):
        if isinstance(v, (list, tuple)):
            return self.list(v)
        if isinstance(v, dict):
            return self.dict(list(v.items()))
        if isinstance(v, Items):
            return self.dict(v.items) if v.kind == "odict" else self.list(v.items)
        if as_uuid(v) is not None:
            return string(str(as_uuid(v)))
        if attribute(v):
            return string("<" + attribute(v) + ">")
        cls, args = v.cls, v.args
        if is_reconstructor(v):
            cls, args = args[0], ()
        out = ['"py/class":' + (string(attribute(cls)) if attribute(cls) else self.write(cls))]
        if type(args) is not tuple:
            args = (args,)
        if args:
            out.append('"args":' + self.list(args))
        if v.kwargs:
            out.append('"kwargs":' + self.write(v.kwargs))
        fields, merged = [], True
        for state in v.states:
            for part in state if type(state) is tuple and len(state) == 2 else (state,):
                if isinstance(part, dict) and all(isinstance(k, str) for k in part):
                    fields += part.items()
                elif part is not None:
                    merged = False
        names = [k for k, _ in fields]
        taken = ["py/class", "args", "kwargs", "state", "items", "entries"]
        if v.states and merged and len(set(names + taken)) == len(names) + len(taken):
            out += [string(k) + ":" + self.write(x) for k, x in fields]
        elif len(v.states) == 1:
            out.append('"state":' + self.write(v.states[0]))
        elif v.states:
            out.append('"state":' + self.list(v.states))
        if v.items:
            out.append('"items":' + self.list(v.items))
        if v.entries:
            out.append('"entries":' + self.dict(v.entries))
        return "{" + ",".join(out) + "}"


def lossless(data):
    root = load(data)
    return Lossless(root).write(root)


def plain(data):
    return Plain().write(load(data))
