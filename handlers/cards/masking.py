"""Secrets stay out of cards, texts, views and the audit: by the key's name, by what a schema says, by a token's shape.

Masking errs on the side of hiding. `restore` is its inverse for forms: what still shows a mask is what it was before.
"""

import re
from collections.abc import Iterator
from typing import Any

MASK = "••••••••"

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_SECRET = re.compile(
    r"\b(password|passwd|passphrase|passcode|pwd|secret|secrets|token|apikey|authorization|bearer|credential|credentials"
    r"|cookie|otp|cvv|cvc|(api|private|access|secret|auth|signing|encryption|master) key|auth header)\b"
)
_HARMLESS = re.compile(r"\b(name|type|count|limit|hint|policy|expiry|expires|ttl|required|enabled|budget|usage)$")
_SECRET_END = re.compile(_SECRET.pattern + "$")

_TOKENS = [
    # What must be in the text at all, and the pattern; its last group, if any, is the secret part. Each pattern begins
    # with a literal and looks back only after it: that is what makes the search fast in long texts.
    (
        "-----BEGIN ",
        re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,40}-----|\Z)", re.DOTALL),
    ),
    ("xox", re.compile(r"xox(?<!\wxox)[a-z]-[\w-]{8,}")),
    ("xapp-", re.compile(r"xapp-(?<!\wxapp-)[\w-]{8,}")),
    ("sk-", re.compile(r"sk-(?<!\wsk-)[\w-]{16,}")),
    ("k_live_", re.compile(r"k_live_\w{10,}")),
    ("k_test_", re.compile(r"k_test_\w{10,}")),
    ("gh", re.compile(r"gh(?<!\wgh)[pousr]_\w{16,}")),
    ("github_pat_", re.compile(r"github_pat_\w{16,}")),
    ("glpat-", re.compile(r"glpat-[\w-]{16,}")),
    ("AKIA", re.compile(r"AKIA(?<!\wAKIA)[A-Z0-9]{12,}")),
    ("ASIA", re.compile(r"ASIA(?<!\wASIA)[A-Z0-9]{12,}")),
    ("AIza", re.compile(r"AIza(?<!\wAIza)[\w-]{30,}")),
    (".eyJ", re.compile(r"eyJ(?<![\w-]eyJ)[\w-]{8,4000}+\.eyJ[\w-]{4,}\.[\w-]*")),
    ("://", re.compile(r"://([^/\s:@]{1,200}:[^/\s:@]{1,200})@")),
    ("earer ", re.compile(r"earer (?=[\w.~+/-]{0,200}[0-9])([\w.~+/-]{12,}=*)")),
    ("uthorization: Basic ", re.compile(r"uthorization: Basic (\S{8,})")),
]


_PAIR = re.compile(r"""["'](\w{1,60})["']\s{0,3}:\s{0,3}["']([^"'\n]{4,400})["']""")
"""A key with its value, as JSON and Python write them into a text."""
_ASSIGNED = re.compile(r"(?<![\w-])([\w-]{1,60})[ \t]?(=>?[ \t]?(?!=)|:[ \t]+)")
_VALUE = re.compile(r""""[^"\n]+"|'[^'\n]+'|\S+""")
"""A key and its value, as commands, settings, addresses and headers have them."""
_SECRET_LOOKING = re.compile(r"(?=\S{6})\S*[0-9]")


class HiddenPartError(ValueError):
    """A value still shows a mask where nothing was hidden before, so nobody can tell what it should be."""


def secret_key(key: str) -> bool:
    """Whether a text under this key is a secret: `db_password`, `apiKey`, `Authorization`; not `token_count`."""
    words = _words(key)
    return bool(_SECRET.search(words)) and not _HARMLESS.search(words)


def mask_text(text: str) -> str:
    """The text with everything in it that has the shape of a token replaced."""
    spans = _tokens(text)
    if not spans:
        return text
    starts, ends = [0, *(end for _, end in spans)], [*(start for start, _ in spans), len(text)]
    return MASK.join(text[start:end] for start, end in zip(starts, ends, strict=True))


def masked(value: Any, *, key: str = "", secrets: frozenset[str] = frozenset()) -> Any:
    """A copy of a JSON-like value that may be shown. `secrets`: keys that a schema declares secret."""
    if hides(value, key=key, secrets=secrets):
        return MASK
    match value:
        case str():
            return mask_text(value)
        case dict():
            return {name: masked(item, key=str(name), secrets=secrets) for name, item in value.items()}
        case list() | tuple():
            return [masked(item, secrets=secrets) for item in value]
        case _:
            return value


def restore(typed: Any, original: Any, *, key: str = "", secrets: frozenset[str] = frozenset()) -> Any:
    """What was typed into a masked copy of `original`, with the hidden parts put back.

    Raises `HiddenPartError` where a mask stands in a place that hid nothing.
    """
    if typed == MASK and hides(original, key=key, secrets=secrets):
        return original
    match typed:
        case str() if MASK in typed:
            return _restore_text(typed, original)
        case dict():
            known = original if isinstance(original, dict) else {}
            return {k: restore(v, known.get(k), key=k, secrets=secrets) for k, v in typed.items()}
        case list():
            known_items = original if isinstance(original, list | tuple) else ()
            return [
                restore(v, known_items[i] if i < len(known_items) else None, secrets=secrets)
                for i, v in enumerate(typed)
            ]
        case _:
            return typed


def secret_names(schema: Any) -> frozenset[str]:
    """The properties, at any depth, that a JSON Schema marks `writeOnly`, `x-secret` or as a password."""
    found = set()
    for node in _nodes(schema):
        properties = node.get("properties")
        if isinstance(properties, dict):
            found |= {str(name) for name, item in properties.items() if _flagged(item, schema)}
    return frozenset(found)


def hides(value: Any, *, key: str, secrets: frozenset[str] = frozenset()) -> bool:
    """Whether the value is not to be seen because of its key."""
    if value is None or value == "" or isinstance(value, bool):
        return False
    if key in secrets:
        return True
    if isinstance(value, int | float):  # `password: 1234` is a secret, `token_position: 3` is not
        return bool(_SECRET_END.search(_words(key)))
    return secret_key(key)


def _words(key: str) -> str:
    return " ".join(_WORDS.findall(key[:200])).lower()


def _restore_text(typed: str, original: Any) -> str:
    """Masks in a text stand for the tokens of the original, in their order."""
    tokens = [original[start:end] for start, end in _tokens(original)] if isinstance(original, str) else []
    if typed.count(MASK) != len(tokens):
        raise HiddenPartError
    rest = iter(tokens)
    return re.sub(re.escape(MASK), lambda _: next(rest), typed)


def _tokens(text: str) -> list[tuple[int, int]]:
    """Where the tokens stand, in order; what overlaps is one."""
    found: list[tuple[int, int]] = []
    matches = (match for needle, pattern in _TOKENS if needle in text for match in pattern.finditer(text))
    pairs = (match.span(2) for match in _PAIR.finditer(text) if secret_key(match[1]))
    for start, end in sorted([*(match.span(match.lastindex or 0) for match in matches), *pairs, *_assigned(text)]):
        if found and start < found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _assigned(text: str) -> Iterator[tuple[int, int]]:
    """Where values of secret keys stand; after a colon only those with a digit: `password: required` says no secret."""
    done = 0
    for key in _ASSIGNED.finditer(text):
        value = _VALUE.match(text, key.end()) if key.start() >= done and secret_key(key[1]) else None
        if value and ("=" in key[2] or _SECRET_LOOKING.match(value[0])):
            done = value.end()
            yield value.span()


def _nodes(schema: Any) -> Iterator[dict[str, Any]]:
    """Every object of a schema, without recursion: schemas come from outside and may be deep."""
    todo = [schema]
    while todo:
        node = todo.pop()
        if isinstance(node, dict):
            yield node
            todo.extend(node.values())
        elif isinstance(node, list):
            todo.extend(node)


def _flagged(item: Any, root: Any) -> bool:
    """Whether a property is marked secret: itself, one of its variants, or what it refers to."""
    if not isinstance(item, dict):
        return False
    if item.get("writeOnly") is True or item.get("x-secret") is True or item.get("format") == "password":
        return True
    variants = [v for word in ("anyOf", "oneOf", "allOf") for v in _list(item.get(word))]
    target = _target(item.get("$ref"), root)
    return any(
        isinstance(v, dict)
        and (v.get("writeOnly") is True or v.get("x-secret") is True or v.get("format") == "password")
        for v in [*variants, item.get("items"), target]
    )


def _target(ref: Any, root: Any) -> Any:
    prefix = "#/$defs/"
    if not isinstance(ref, str) or not ref.startswith(prefix):
        return None
    defs = root.get("$defs")
    return defs.get(ref[len(prefix) :]) if isinstance(defs, dict) else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
