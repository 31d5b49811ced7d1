"""The input block of a form's field."""

from handlers.cards import words
from handlers.cards.ids import INPUT
from handlers.cards.inputs import MAX_TEXT, MISSING, TEXTS, Field, Kind, moment
from handlers.cards.literal import Block, plain_text
from handlers.cards.masking import MASK
from handlers.cards.text import size

MAX_RADIO = 10
"""So many radio buttons or boxes to tick; more are a menu."""
_TYPES = {Kind.EMAIL: "email_text_input", Kind.URL: "url_text_input"}


def input_block(field: Field) -> Block:
    """The field's label, element and hint."""
    block = labelled(field.block_id, field.label, _element(field), hint=_hint(field), optional=not field.must)
    return block | ({"dispatch_action": True} if field.branch else {})


def labelled(block_id: str, label: str, element: Block, *, hint: str | None = None, optional: bool = False) -> Block:
    """An input block."""
    block = {
        "type": "input",
        "block_id": block_id,
        "label": plain_text(label, 150),
        "element": {"action_id": INPUT, **element},
        "optional": optional,
    }
    return block | ({"hint": plain_text(hint, 1000)} if hint else {})


def text_input(initial: str = "", *, multiline: bool = False, placeholder: str | None = None) -> Block:
    """An element for text."""
    element: Block = {"type": "plain_text_input", "multiline": multiline, "max_length": MAX_TEXT}
    element |= {"initial_value": initial} if initial else {}
    return element | ({"placeholder": plain_text(placeholder, 150)} if placeholder else {})


def _element(field: Field) -> Block:
    match field.kind:
        case Kind.INTEGER | Kind.NUMBER:
            return _number(field)
        case Kind.YES_NO:
            options = [_option(words.YES, "true"), _option(words.NO, "false")]
            chosen = {True: 0, False: 1}.get(field.initial) if isinstance(field.initial, bool) else None
            return _initially({"type": "radio_buttons", "options": options}, chosen)
        case Kind.CHOICE:
            few = field.branch and len(field.options) <= MAX_RADIO
            kind = "radio_buttons" if few else "static_select"
            values = [option.value for option in field.options]
            chosen = values.index(field.initial) if field.initial in values else None
            return _initially({"type": kind, "options": _options(field)}, chosen)
        case Kind.CHOICES:
            kind = "checkboxes" if len(field.options) <= MAX_RADIO else "multi_static_select"
            return _several({"type": kind, "options": _options(field)}, field)
        case Kind.DATE:
            return {"type": "datepicker"} | ({"initial_date": field.shown} if field.shown else {})
        case Kind.MOMENT:
            at = moment(field.initial)
            return {"type": "datetimepicker"} | ({"initial_date_time": int(at.timestamp())} if at else {})
        case Kind.EMAIL | Kind.URL:
            return {"type": _TYPES[field.kind]} | ({"initial_value": field.shown} if field.shown else {})
        case _:
            return _text(field)


def _text(field: Field) -> Block:
    multiline = field.kind in {Kind.LONG_TEXT, Kind.LINES, Kind.JSON}
    limit = field.schema.get("maxLength") if field.kind in TEXTS else None
    element = text_input(field.shown, multiline=multiline, placeholder=MASK if field.hidden else None)
    return element | ({"max_length": limit} if limit and size(field.shown) <= limit < MAX_TEXT else {})


def _number(field: Field) -> Block:
    element: Block = {"type": "number_input", "is_decimal_allowed": field.kind is Kind.NUMBER}
    for word, bound in (("minimum", "min_value"), ("maximum", "max_value")):
        limit = field.schema.get(word)
        if isinstance(limit, int | float) and _within(field):
            element[bound] = str(limit)
    return element | ({"initial_value": field.shown} if field.shown else {})


def _within(field: Field) -> bool:
    """Slack refuses an input whose own first value breaks its limits."""
    if field.initial is MISSING or field.initial is None:
        return True
    low, high = field.schema.get("minimum", field.initial), field.schema.get("maximum", field.initial)
    return bool(low <= field.initial <= high)


def _initially(element: Block, chosen: int | None) -> Block:
    return element if chosen is None else element | {"initial_option": element["options"][chosen]}


def _options(field: Field) -> list[Block]:
    return [_option(option.label, str(i), option.description) for i, option in enumerate(field.options)]


def _several(element: Block, field: Field) -> Block:
    chosen = field.initial if isinstance(field.initial, list) else []
    initial = [shown for shown, option in zip(element["options"], field.options, strict=True) if option.value in chosen]
    return element | ({"initial_options": initial} if initial else {})


def _option(text: str, value: str, description: str | None = None) -> Block:
    option = {"text": plain_text(text or words.EMPTY, 75), "value": value}
    return option | ({"description": plain_text(description, 75)} if description else {})


def _hint(field: Field) -> str | None:
    said = field.schema.get("description")
    parts = [said if isinstance(said, str) else ""]
    if field.hidden:
        parts.append(words.HIDDEN_KEPT)
    elif MASK in field.shown:
        parts.append(words.HIDDEN_PARTS)
    if field.kind is Kind.LINES:
        parts.append(words.LINES_HINT)
    if field.kind is Kind.JSON:
        parts.append(words.JSON_HINT)
    return " ".join(part for part in parts if part) or None
