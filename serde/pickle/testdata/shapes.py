"""Classes that the corpus holds objects of, one for each way in which Python pickles them."""

import collections
import dataclasses
import enum
import typing


class Point:
    def __init__(self, x, y):
        self.x = x
        self.y = y

    def method(self):
        return self.x

    class Inner:
        class Deep:
            pass

        def __init__(self, v):
            self.v = v


class Empty:
    pass


class Slots:
    __slots__ = ("a", "b")

    def __init__(self, a, b):
        self.a = a
        self.b = b


class SlotsAndDict(Slots):
    def __init__(self, a, b, c):
        super().__init__(a, b)
        self.c = c


class StateTuple:
    def __init__(self, v):
        self.v = v

    def __getstate__(self):
        return ("state", self.v)

    def __setstate__(self, state):
        self.v = state[1]


class NewArgs:
    def __new__(cls, a, b=0):
        self = super().__new__(cls)
        self.a, self.b = a, b
        return self

    def __getnewargs__(self):
        return (self.a, self.b)


class NewArgsEx:
    def __new__(cls, a, *, key):
        self = super().__new__(cls)
        self.a, self.key = a, key
        return self

    def __getnewargs_ex__(self):
        return (self.a,), {"key": self.key}


class Reduced:
    def __init__(self, *args):
        self.args = args

    def __reduce__(self):
        return Reduced, self.args


class ReducedEx:
    def __init__(self, v):
        self.v = v

    def __reduce_ex__(self, protocol):
        return ReducedEx, (self.v,), {"protocol": "any"}


class ListSub(list):
    pass


class DictSub(dict):
    pass


class IntSub(int):
    pass


class StrSub(str):
    pass


class SetSub(set):
    pass


class TupleSub(tuple):
    pass


class Args:
    """Its attributes have the names that the plain form uses itself."""

    def __init__(self):
        self.args = 1
        self.state = 2


@dataclasses.dataclass
class Order:
    id: int
    customer: str
    lines: list = dataclasses.field(default_factory=list)
    total: float = 0.0


@dataclasses.dataclass(frozen=True)
class Frozen:
    a: int
    b: str


@dataclasses.dataclass(slots=True)
class Slotted:
    a: int
    b: str


class Color(enum.Enum):
    RED = 1
    GREEN = "green"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 3


class Perm(enum.Flag):
    R = 4
    W = 2


Pair = collections.namedtuple("Pair", "left right")


class Typed(typing.NamedTuple):
    a: int
    b: str = "b"


class Node:
    def __init__(self, name):
        self.name = name
        self.next = None
        self.children = []


class Broken(Exception):
    def __init__(self, code, text):
        super().__init__(code, text)
        self.code = code


def function():
    return 1
