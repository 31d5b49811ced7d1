"""The codec keeps what it takes exactly, refuses the rest by name, and reads its old bytes for ever."""

import gc
import inspect
import json
import math
import subprocess
import sys
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, Flag, IntEnum, StrEnum, auto
from pathlib import Path
from threading import Thread, stack_size
from typing import Annotated, Any, Generic, Literal, NamedTuple, NewType, TypedDict, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import ormsgpack
import pytest
from hypothesis import given, settings, strategies as st
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    HumanMessage,
    RemoveMessage as LangChainRemoval,
    SystemMessage,
    ToolMessage,
)
from pydantic import BaseModel, ConfigDict, PrivateAttr, RootModel

from runtime.codec.codec import MAX_DEPTH, VERSION, Codec
from runtime.codec.kinds import TABLE, Table
from runtime.errors import CodecError

BERLIN = ZoneInfo("Europe/Berlin")
T = TypeVar("T")


class Colour(Enum):
    RED = auto()
    GREEN = auto()


class Level(IntEnum):
    LOW = 1


class Word(StrEnum):
    YES = "yes"


class Access(Flag):
    READ = auto()
    WRITE = auto()


class Point(NamedTuple):
    x: int
    y: int = 7


@dataclass(frozen=True, slots=True)
class Money:
    amount: Decimal
    currency: str = "EUR"


@dataclass(slots=True)
class Note:
    text: str
    tags: list[Any] = field(default_factory=list)


@dataclass
class Refund:
    money: Money
    notes: list[str] = field(default_factory=list)
    checked: bool = field(init=False)

    def __post_init__(self) -> None:
        self.checked = False


@dataclass
class Unset:
    later: int = field(init=False, repr=False, compare=False)


class Person(BaseModel):
    name: str
    age: int = 3
    colour: Colour | None = None
    _seen: int = PrivateAttr(default=0)


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    a: int = 1


class Names(RootModel[list[str]]):
    pass


class Box(BaseModel, Generic[T]):
    content: T


@dataclass
class Pair(Generic[T]):
    left: T
    right: T


ALL = (Access, Box[int], Colour, Level, Money, Names, Note, Open, Person, Point, Refund, Unset, Word)


@pytest.fixture
def codec() -> Codec:
    return Codec(ALL)


def same(left: Any, right: Any) -> bool:
    """Equal, of the same types, in the same order: also where Python's == is more generous or (nan) less."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return same(list(left.items()), list(right.items()))
    if isinstance(left, list | tuple):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, float):
        return math.isnan(left) == math.isnan(right) and repr(left) == repr(right)
    if isinstance(left, Decimal):
        return repr(left) == repr(right)
    if isinstance(left, BaseModel):
        return same(left.__dict__, right.__dict__)
    if isinstance(left, datetime | time):
        return (repr(left), left.fold) == (repr(right), right.fold)
    return bool(left == right)


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(st.characters())
    | st.text(st.sampled_from("a\ud800\udfff\x00🧵"))
    | st.binary()
    | st.datetimes(timezones=st.none() | st.timezones(), allow_imaginary=False)
    | st.dates()
    | st.times()
    | st.timedeltas()
    | st.decimals()
    | st.uuids()
    | st.sampled_from([Colour.RED, Access.READ | Access.WRITE, Point(1), Level.LOW, Word.YES, Money(Decimal(1))])
)
KEYS = st.none() | st.booleans() | st.integers() | st.text() | st.binary() | st.tuples(st.integers(), st.text())
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(st.text(), inner)
        | st.dictionaries(KEYS, inner)
        | st.sets(KEYS)
        | st.frozensets(KEYS)
        | inner.map(lambda value: Box[Any].model_construct(content=value))
    ),
    max_leaves=20,
)


@settings(deadline=None)
@given(VALUES)
def test_everything_comes_back_exactly(value: Any) -> None:
    codec = Codec([*ALL, Box[Any]])
    assert same(codec.decode(codec.encode(value)), value)


EDGES = [
    2**63,
    2**64,
    -(2**63) - 1,
    10**5000,
    {10**5000: 1},
    -0.0,
    float("inf"),
    "\ud800",
    {"\udc80": 1},
    {"z": 1, "a": 2},
    {1: "a", "1": "b", None: "c", (1, 2): "d"},
    {},
    (),
    set(),
    [[], [()], {"a": {}}],
    [(number,) for number in range(3 * MAX_DEPTH)],
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(2025, 10, 26, 2, 30, fold=1, tzinfo=BERLIN),
    datetime(1890, 1, 1, tzinfo=timezone(timedelta(minutes=53, seconds=28, microseconds=3))),
    datetime(2026, 7, 1, fold=1),  # noqa: DTZ001  # naive ones are kept too
    time(9, 30, tzinfo=BERLIN),
    time(9, 30, 0, 5, tzinfo=UTC, fold=1),
    date.max,
    timedelta.min,
    Decimal("-0.00"),
    Decimal("sNaN123"),
    UUID(int=5),
    Path("a/ż/../b"),
    Colour.GREEN,
    Level.LOW,
    Word.YES,
    Access(0),
    Access.READ | Access.WRITE,
    Point(1, 2),
    Refund(Money(Decimal("1.10")), ["x"]),
    [Person(name="ana", colour=Colour.RED)],
    Names(["x", "y"]),
    Box[int](content=5),
]


@pytest.mark.parametrize("value", EDGES, ids=[f"{place} {type(edge).__name__}" for place, edge in enumerate(EDGES)])
def test_edge_cases_come_back_exactly(codec: Codec, value: Any) -> None:
    assert same(codec.decode(codec.encode(value)), value)
    assert same(codec.decode(codec.encode({1: [value]})), {1: [value]}), "also where Python has to walk"


def test_another_time_zone_is_kept_as_its_offset(codec: Codec) -> None:
    when = datetime(2026, 1, 2, tzinfo=timezone(timedelta(hours=2), "EET"))
    kept = codec.decode(codec.encode(when))
    assert (kept, kept.utcoffset()) == (when, timedelta(hours=2))


def test_enums_are_kept_by_name_not_by_number(codec: Codec) -> None:
    class Renumbered(Enum):
        BLUE = auto()
        AMBER = auto()
        GREEN = auto()

    reader = Codec()
    reader.register(Renumbered, name=f"{__name__}:Colour")
    assert reader.decode(codec.encode(Colour.GREEN)) is Renumbered.GREEN


def test_objects_are_rebuilt_without_running_their_constructors(codec: Codec) -> None:
    refund = Refund(Money(Decimal(1)))
    refund.checked = True
    assert codec.decode(codec.encode(refund)).checked is True


def test_a_field_that_nobody_set_stays_unset(codec: Codec) -> None:
    assert not hasattr(codec.decode(codec.encode(Unset())), "later")


def test_models_keep_the_fields_set_private_and_extra_ones(codec: Codec) -> None:
    person = Person(name="ana")
    person._seen = 5
    kept = codec.decode(codec.encode([person, Open.model_validate({"a": 2, "b": [3]}), Open()]))
    assert kept == [person, Open.model_validate({"a": 2, "b": [3]}), Open()]
    assert [model.model_fields_set for model in kept] == [{"name"}, {"a", "b"}, set()]
    assert kept[0]._seen == 5
    assert kept[1].b == [3]


def test_models_are_not_validated_again(codec: Codec) -> None:
    odd = Person.model_construct(name=5, age="old")
    assert same(codec.decode(codec.encode(odd)).__dict__, odd.__dict__)


def test_a_schema_registers_all_that_it_mentions() -> None:
    wrapped = NewType("wrapped", Box[int])

    class Inner(TypedDict):
        access: Access | None

    @dataclass
    class Node:
        money: "Money"
        next: "Node | None" = None

    class State(TypedDict, total=False):
        nodes: Annotated[dict[str, tuple[Node, ...]], "reducer"]
        inner: Inner
        people: "list[Person]"
        points: "set[Point] | Sequence[Word]"
        level: Literal[Level.LOW]
        boxes: list[wrapped]
        pairs: list[Pair[int]]

    Node.__annotations__["next"] = Node | None  # as a module-level class would resolve it
    codec = Codec([State])
    value = [
        Node(Money(Decimal(1)), Node(Money(Decimal(2)))),
        Access.READ,
        Person(name="ana", colour=Colour.RED),
        Point(1),
        Word.YES,
        Level.LOW,
        Box[int](content=1),
        Pair(1, 2),
    ]
    assert codec.decode(codec.encode(value)) == value


def test_a_name_that_only_type_checkers_know_does_not_stop_registering() -> None:
    @dataclass
    class Odd:
        known: Money
        unknown: "NoSuchName"  # type: ignore[name-defined]  # noqa: F821

    codec = Codec([Odd])
    assert codec.decode(codec.encode(Odd(Money(Decimal(1)), None))) == Odd(Money(Decimal(1)), None)


class Plain:
    pass


class Shouting(str):
    __slots__ = ()


class Mine(dict[str, int]):
    pass


class Stray(Enum):
    A = 1


@dataclass
class Hidden(dict[str, int]):
    """Its fields do not show what it holds as a dict."""


@pytest.mark.parametrize(
    ("value", "path", "words"),
    [
        (Plain(), "", "Plain cannot be stored"),
        ({"a": [1, {"b c": Plain()}]}, "a[1]['b c']", "Plain cannot be stored"),
        ([Refund(Money(Decimal(1)), [Plain()])], "[0].notes[0]", "Plain cannot be stored"),  # type: ignore[list-item]
        ({"m": Person.model_construct(name=Plain())}, "m.name", "Plain cannot be stored"),
        ({1: Plain()}, "[1]", "Plain cannot be stored"),
        ({Shouting("k"): 1}, "k", "Shouting cannot be stored"),
        (({Plain},), "[0][0]", "type cannot be stored"),
        ([Mine()], "[0]", "Mine cannot be stored"),
        (Hidden(), "", "Hidden cannot be stored"),
        (defaultdict(int), "", "defaultdict cannot be stored"),
        (OrderedDict(), "", "OrderedDict cannot be stored"),
        (range(3), "", "range cannot be stored"),
        (len, "", "cannot be stored"),
        (Stray.A, "", "Stray is not registered"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_its_path(codec: Codec, value: Any, path: str, words: str) -> None:
    with pytest.raises(CodecError, match=words) as refusal:
        codec.encode(value)
    assert refusal.value.path == path


def nested(depth: int, wrap: Callable[[Any], Any]) -> Any:
    value: Any = 0
    for _ in range(depth):
        value = wrap(value)
    return value


WRAPS: dict[str, Callable[[Any], Any]] = {
    "list": lambda value: [value],
    "tuple": lambda value: (value,),
    "dict": lambda value: {1: value},
    "model": lambda value: Box[int].model_construct(content=value),
}


@pytest.mark.parametrize("wrap", WRAPS.values(), ids=WRAPS.keys())
def test_absurd_depth_is_refused(codec: Codec, wrap: Callable[[Any], Any]) -> None:
    with pytest.raises(CodecError, match="levels deep"):
        codec.encode(nested(3_000, wrap))


def test_cycles_are_refused(codec: Codec) -> None:
    loop: list[Any] = []
    loop.append({"again": loop})
    box = Box[int].model_construct(content=None)
    box.__dict__["content"] = (box,)
    for value in (loop, box):
        with pytest.raises(CodecError, match="contains itself"):
            codec.encode(value)


def test_too_little_stack_is_said(codec: Codec) -> None:
    def dig(levels: int, value: Any) -> bytes:
        return dig(levels - 1, value) if levels else codec.encode(value)

    used = len(inspect.stack(0))
    with pytest.raises(CodecError, match="for the stack that is left"):
        dig(sys.getrecursionlimit() - used - 50, nested(MAX_DEPTH, WRAPS["dict"]))


@pytest.mark.parametrize("wrap", WRAPS.values(), ids=WRAPS.keys())
def test_the_allowed_depth_fits_the_smallest_stack_of_a_thread(codec: Codec, wrap: Callable[[Any], Any]) -> None:
    """Threads get 512 KB from macOS; running out of it would end the process."""
    kept = []

    def work() -> None:
        kept.append(codec.decode(codec.encode(nested(MAX_DEPTH, wrap))))
        with suppress(CodecError):
            codec.encode(nested(3_000, wrap))

    before = stack_size(512 * 1024)
    try:
        thread = Thread(target=work)
        thread.start()
    finally:
        stack_size(before)
    thread.join()
    assert same(kept, [nested(MAX_DEPTH, wrap)])


@settings(deadline=None)
@given(st.binary(max_size=60), st.booleans())
def test_garbage_is_an_error_in_words_or_a_value(data: bytes, ours: bool) -> None:
    with suppress(CodecError):
        Codec(ALL).decode(b"\x01" * ours + data)


@settings(deadline=None)
@given(VALUES, st.data())
def test_torn_bytes_are_an_error(value: Any, data: st.DataObject) -> None:
    codec = Codec([*ALL, Box[Any]])
    whole = codec.encode(value)
    with pytest.raises(CodecError):
        codec.decode(whole[: data.draw(st.integers(0, len(whole) - 1))])


def test_deep_bytes_are_an_error(codec: Codec) -> None:
    data = b"\x90"
    for _ in range(1_000):
        data = b"\xc9" + len(data).to_bytes(4, "big") + b"\x01" + data
    with pytest.raises(CodecError, match="levels deep"):
        codec.decode(b"\x01" + data)


def test_bytes_of_another_version_are_refused(codec: Codec) -> None:
    with pytest.raises(CodecError, match="version"):
        codec.decode(b"\x02" + codec.encode(1)[1:])


def bytes_of(name: str, parts: Any) -> bytes:
    """What a codec that knew a class of this name had written."""
    return b"\x01" + ormsgpack.packb(ormsgpack.Ext(0, ormsgpack.packb([name, parts])))


@pytest.mark.parametrize("name", ["os:system", "antigravity:fly", "builtins:eval"])
def test_only_registered_classes_are_built_and_nothing_is_imported(codec: Codec, name: str) -> None:
    with pytest.raises(CodecError, match=f"{name}.*not registered"):
        codec.decode(bytes_of(name, {}))
    assert "antigravity" not in sys.modules


LANGCHAIN = [
    HumanMessage("hi", id="1"),
    SystemMessage("be kind"),
    AIMessage("", tool_calls=[{"name": "f", "args": {"x": 1}, "id": "c"}], usage_metadata=None),
    ToolMessage("ok", tool_call_id="c", status="error", artifact=[1]),
    AIMessageChunk(content="part"),
    LangChainRemoval(id="1"),
]


@pytest.mark.parametrize("message", LANGCHAIN, ids=lambda message: type(message).__name__)
def test_langchains_messages_are_kept_without_being_registered(message: Any) -> None:
    assert Codec().decode(Codec().encode([message])) == [message]


def test_a_process_without_langchain_loaded_reads_its_messages() -> None:
    code = (
        "import sys; from runtime.codec.codec import Codec; print(Codec().decode(bytes.fromhex(sys.argv[1])).content)"
    )
    arguments = [sys.executable, "-c", code, Codec().encode(AIMessage("hello")).hex()]
    assert subprocess.run(arguments, capture_output=True, text=True, check=True).stdout == "hello\n"


def test_without_langchain_its_messages_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    data = Codec().encode(AIMessage("hello"))
    monkeypatch.setitem(sys.modules, "langchain_core.messages.ai", None)
    with pytest.raises(CodecError, match="LangChain's AIMessage is stored: install langchain-core to read it"):
        Codec().decode(data)


def test_a_moved_class_reads_bytes_under_its_old_name(codec: Codec) -> None:
    old = bytes_of("shop.old:Cash", {"amount": 5, "currency": "USD"})
    codec.register(Money, name="shop.old:Cash")
    assert codec.decode(old) == Money(5, "USD")  # type: ignore[arg-type]  # as it was stored
    assert b"shop.old" not in codec.encode(Money(Decimal(5)))


def test_a_class_that_cannot_be_kept_gets_no_old_name_either(codec: Codec) -> None:
    with pytest.raises(CodecError, match="Plain cannot be stored"):
        codec.register(Plain, name="old:Plain")


@pytest.mark.parametrize(
    ("cls", "stored", "expected"),
    [
        (Money, {"amount": 1}, Money(1)),  # type: ignore[arg-type]  # as it was stored
        (Money, {"amount": 1, "currency": "X", "gone": 2}, Money(1, "X")),  # type: ignore[arg-type]
        (Refund, {"money": 1, "checked": True}, Refund(1)),  # type: ignore[arg-type]
        (Point, {"x": 1}, Point(1)),
        (Point, {"y": 2, "x": 1, "gone": 3}, Point(1, 2)),
        (Person, {"name": "ana"}, Person(name="ana")),
        (Person, {"name": "ana", "gone": 1}, Person(name="ana")),
    ],
)
def test_fields_added_since_take_their_defaults_and_removed_ones_are_left_out(
    codec: Codec, cls: type, stored: dict[str, Any], expected: Any
) -> None:
    kept = codec.decode(bytes_of(f"{__name__}:{cls.__qualname__}", stored))
    assert kept == expected or vars(kept) == {**vars(expected), "checked": True}


@pytest.mark.parametrize("cls", [Money, Point, Person])
def test_a_field_added_without_a_default_is_an_error_that_names_it(codec: Codec, cls: type) -> None:
    with pytest.raises(CodecError, match=f"{cls.__name__} lacks the field '(amount|x|name)'; give the field a default"):
        codec.decode(bytes_of(f"{__name__}:{cls.__qualname__}", {}))


def test_a_private_attribute_added_since_takes_its_default(codec: Codec) -> None:
    assert codec.decode(bytes_of(f"{__name__}:Person", {"name": "ana"}))._seen == 0


def table(*rows: Any) -> Table:
    return Table([Money(Decimal(row), "PLN") for row in rows])


def test_a_table_is_read_as_a_list_of_its_own_objects(codec: Codec) -> None:
    notes = [Note("a"), Note("b")]
    kept = codec.decode(codec.encode({"t": Table(notes)}))["t"]
    assert (type(kept), kept) == (list, notes)
    kept[0].tags.append("mine")
    assert kept[1].tags == []
    assert len(codec.encode(table(*range(100)))) < len(codec.encode(list(table(*range(100))))) / 3


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"amount": [1, 2]}, [Money(1), Money(2)]),  # type: ignore[arg-type]  # as they were stored
        ({"currency": ["X"], "amount": [1], "gone": [3]}, [Money(1, "X")]),  # type: ignore[arg-type]
    ],
)
def test_a_table_of_a_class_that_has_changed_is_read(codec: Codec, columns: Any, expected: Any) -> None:
    data = ormsgpack.packb([f"{__name__}:Money", columns])
    assert codec.decode(VERSION + ormsgpack.packb(ormsgpack.Ext(TABLE, data))) == expected


def test_what_no_table_can_be_made_of_is_kept_or_named_like_any_list(codec: Codec) -> None:
    odd = Table([Note("a"), Note("\ud800")])
    assert codec.decode(codec.encode(odd)) == odd
    assert codec.decode(codec.encode(Table([Person(name="ana")]))) == [Person(name="ana")]
    with pytest.raises(CodecError) as refused:
        codec.encode({"t": Table([Note("a"), Note("b", [object()])])})
    assert refused.value.path.startswith("t[1]")


def test_a_table_as_deep_as_can_be_written_is_read(codec: Codec) -> None:
    value: Any = Table([Note("deep")])
    for _ in range(MAX_DEPTH - 2):
        value = (value,)
    assert codec.decode(codec.encode(value)) == value


SAMPLES: dict[str, Any] = {
    "plain": {"messages": [{"role": "user", "content": "zażółć"}], "n": -1, "x": 1.5, "no": None, "raw": b"\x00"},
    "integers": [2**63, 2**200, -(2**63) - 1],
    "surrogates": ["\ud800", {"\udfff": 1}],
    "keys": {1: "a", None: "b", (1, "x"): "c", False: "d"},
    "containers": [(1, (2,)), {3}, frozenset({"four"})],
    "moments": [
        datetime(2026, 11, 21, 8, 45, 39, 5),  # noqa: DTZ001  # naive ones are kept too
        datetime(2026, 11, 21, 8, 45, tzinfo=UTC),
        datetime(2025, 10, 26, 2, 30, fold=1, tzinfo=BERLIN),
        date(2026, 11, 21),
        time(8, 45, tzinfo=timezone(timedelta(hours=-3, minutes=-30))),
        timedelta(days=-1, seconds=2, microseconds=3),
    ],
    "numbers and names": [Decimal("1.10"), UUID(int=7), Path("a/b")],
    "enums": [Colour.GREEN, Level.LOW, Word.YES, Access.READ | Access.WRITE],
    "objects": [Point(1), Refund(Money(Decimal("9.99")), ["x"]), Person(name="ana", colour=Colour.RED)],
    "table": list(table("9.99", "0.01")),
    "open model": Open.model_validate({"a": 2, "b": [3]}),
}
OF_CLASSES = {"enums", "objects", "table", "open model"}
"""Their bytes name the module `samples`, since pytest decides what this one is called."""
SAMPLE_BYTES: dict[str, list[str]] = json.loads(Path(__file__).with_name("codec_samples.json").read_text("utf-8"))
"""From sample to its bytes in hex, in every form ever written: add to the lists, never take away."""


@pytest.mark.parametrize("sample", SAMPLES)
def test_bytes_of_every_past_version_load(codec: Codec, sample: str) -> None:
    for cls in ALL:
        codec.register(cls, name=f"samples:{cls.__qualname__}")
    for data in SAMPLE_BYTES[sample]:
        assert same(codec.decode(bytes.fromhex(data)), SAMPLES[sample])


@pytest.mark.parametrize("sample", [sample for sample in SAMPLES if sample not in OF_CLASSES])
def test_what_is_written_now_is_among_the_samples(codec: Codec, sample: str) -> None:
    assert codec.encode(SAMPLES[sample]).hex() in SAMPLE_BYTES[sample]


@pytest.mark.parametrize("switched_on", [True, False])
def test_much_is_decoded_without_searching_for_garbage_all_the_while(switched_on: bool) -> None:
    stored = Codec().encode([[str(number), [number]] for number in range(10_000)])
    searches: list[str] = []
    was_on = gc.isenabled()
    gc.callbacks.append(lambda phase, _: searches.append(phase))
    try:
        (gc.enable if switched_on else gc.disable)()
        searches.clear()
        values = Codec().decode(stored)
        found, on_afterwards = len(searches), gc.isenabled()
    finally:
        gc.callbacks.pop()
        (gc.enable if was_on else gc.disable)()
    assert on_afterwards == switched_on
    assert found <= 2  # the beginning and the end of the one that was due, instead of one for every 700 lists
    assert values[9_999] == ["9999", [9_999]]


def test_the_search_for_garbage_goes_on_after_bytes_that_cannot_be_read() -> None:
    stored = Codec().encode(["x" * 100_000, 1])
    with pytest.raises(CodecError):
        Codec().decode(stored[:-1])
    assert gc.isenabled()
