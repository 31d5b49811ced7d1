"""What is said can be read out: full sentences, words on every button, nothing told by a mark or a colour alone."""

import re
from collections.abc import Iterator

import pytest

from bot.sandbox.blocks import elements, nested
from tests.office import Json, Office, OpenOffice, asking

QUESTION = {"question": "Refund order 7?", "amount": 250}
NOT_SAID = re.compile(r"<[@#!][^>|]*>|:[a-z_]+:|[^\w\s]|\d")
"""What of a text is no word: mentions, marks, numbers."""
LABELS = {
    "en": ("Approve", "Reject…", "Reason", "Answer…", "Your answer"),
    "ko": ("승인", "거절…", "사유", "답변…", "내 답변"),
}


def said(office: Office) -> Iterator[Json]:
    """Every message and view that the bot sent, in the order of its calls."""
    for call in office.sandbox.calls:
        if call.response.get("ok") and ("text" in call.args or "view" in call.args):
            yield call.args.get("view") or call.args


def words_in(text: str) -> list[str]:
    return NOT_SAID.sub(" ", text).split()


def label(block: Json, element: Json) -> str:
    """What is read out for an element."""
    text = element.get("text") or block.get("label") or {"text": ""}
    return str(element.get("accessibility_label") or text["text"])


def lines(surface: Json) -> Iterator[str]:
    """The lines of context and mrkdwn that a message or view has."""
    for block in nested(surface.get("blocks") or []):
        texts = [block["text"]] if "text" in block else block["elements"] if block["type"] == "context" else []
        for text in texts:
            yield from text["text"].split("\n")


@pytest.mark.parametrize("language", ["en", "ko"])
async def test_everything_said_in_a_run_can_be_read_out(open_office: OpenOffice, language: str) -> None:
    approve, reject, reason, answer, your_answer = LABELS[language]
    failing = asking(QUESTION, QUESTION, "Which one?")
    async with open_office({"refund": failing}, environ={"ANDON_LANGUAGE": language}) as office:
        for name in ("ana", "ben", "carla"):
            office.sandbox.account(name, locale=language)
        ana, ben, carla = (office.person(name) for name in ("ana", "ben", "carla"))
        await ana.command("/agent refund order 7", channel="refunds")
        first = await office.card()
        await ben.open_home()
        await ben.press(first, approve)
        second = await office.sandbox.until(lambda: next(c for c in office.cards() if c["ts"] != first["ts"]))
        await carla.press(first, approve)  # too late
        await office.sandbox.until(carla.ephemerals)
        await ben.press(second, reject)
        await office.modal("ben")
        await ben.submit({reason: "too much"})
        third = await office.sandbox.until(lambda: office.cards()[2])
        await carla.press(third, answer)
        await office.modal("carla")
        await carla.submit({your_answer: "the lamp"})
        await office.outcome()
        surfaces = list(said(office))
        assert len(surfaces) > 10
        for surface in surfaces:
            if "text" in surface:
                assert len(words_in(surface["text"])) >= 2, surface["text"]
            for block, element in elements(surface.get("blocks") or []):
                assert element["type"] == "overflow" or words_in(label(block, element)), element
                assert all(words_in(option["text"]["text"]) for option in element.get("options", ()))
            for line in lines(surface):
                assert not line.strip() or words_in(line), line
