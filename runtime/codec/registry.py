"""Which classes a codec may keep and build: what is built in, what was registered, and LangChain's messages."""

from collections.abc import Iterable, Iterator
from enum import Enum
from importlib import import_module
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from runtime.codec.kinds import (
    BUILT_IN,
    FOREIGN_MESSAGES,
    FOREIGN_TEXT,
    Kind,
    foreign_message,
    is_pydantic,
    late_kind,
    object_kind,
    registered_name,
)


class Kinds:
    """The kinds of one codec, by class and by stored name; LangChain's messages are added when the first is met."""

    def __init__(self, modules: frozenset[str]) -> None:
        self._modules = modules
        self.by_class = dict(BUILT_IN)
        self.by_name: dict[str, Kind] = {}

    def add(self, annotation: Any) -> None:
        for cls in _classes(annotation, set()):
            if kind := object_kind(cls, registered_name(cls)):
                self.by_class[cls] = self.by_name[registered_name(cls)] = kind

    def of(self, cls: type) -> Kind | None:
        kind = self.by_class.get(cls)
        if kind is None and (late := late_kind(cls)) is not None:
            kind = self.by_class[cls] = late
        if kind is None and registered_name(cls) in FOREIGN_MESSAGES:
            self.add(cls)
            kind = self.by_class[cls]
        if kind is None and registered_name(cls) == FOREIGN_TEXT:
            kind = self.by_class[cls] = BUILT_IN[str]
        return kind

    def named(self, name: str) -> Kind | None:
        module = name.partition(":")[0]
        if module in self._modules and name not in self.by_name:
            import_module(module)
        kind = self.by_name.get(name)
        return kind if kind is not None or (cls := foreign_message(name)) is None else self.of(cls)


def _classes(annotation: Any, seen: set[Any]) -> Iterator[type]:
    """All classes that an annotation mentions, itself and those of its fields included."""
    annotation = getattr(annotation, "__supertype__", annotation)  # NewType
    origin = get_origin(annotation)
    if origin is not None:
        parts = get_args(annotation)
        for part in parts[:1] if origin is Annotated else (origin, *parts):
            yield from _classes(part, seen)
        return
    cls = type(annotation) if isinstance(annotation, Enum) else annotation  # Literal[Colour.RED]
    if isinstance(cls, type) and cls not in seen:
        seen.add(cls)
        yield cls
        for field in _field_types(cls):
            yield from _classes(field, seen)


def _field_types(cls: type) -> Iterable[Any]:
    if cls.__module__ == "builtins":
        return ()
    if is_pydantic(cls):
        return [info.annotation for info in cls.model_fields.values()]  # type: ignore[attr-defined]  # a model
    try:
        return get_type_hints(cls, include_extras=True).values()
    except (NameError, TypeError):  # names that exist only for type checkers: encoding will say what is missing
        return [hint for hint in cls.__annotations__.values() if not isinstance(hint, str)]
