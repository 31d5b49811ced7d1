from typing import Any

import pytest

from bot.sandbox.blockkit import check_view
from handlers.cards import ids
from handlers.cards.details import details_view, run_view
from handlers.cards.payloads import compile_card
from runtime.requests.records import RequestStatus
from tests.cards_kit import buttons, make_request, make_thread, texts


def view(payload: object, page: int = 0) -> dict[str, Any]:
    made = details_view(compile_card(payload), make_request(payload), page)
    assert check_view(made) == []
    return made


def whole(payload: object) -> str:
    """All pages, one after the other, without their page numbers and buttons."""
    said, page = "", 0
    while True:
        made = view(payload, page)
        turning = [block for block in made["blocks"] if block["type"] == "actions"]
        last = made["blocks"][: -2 if turning else None]
        said += "".join(texts(last))
        if not any(button["value"] == str(page + 1) for block in turning for button in block["elements"]):
            return said
        page += 1


@pytest.mark.parametrize("text", ["short", "x" * 9000, "line\n" * 5000, "😀" * 100_000, "a" * 2899 + "😀" * 3])
def test_every_text_can_be_read_in_full(text: str) -> None:
    assert text in whole({"question": "Go?", "body": text})


def test_what_is_short_stands_beside_its_label() -> None:
    blocks = view({"question": "Go?", "amount": 40, "body": "two\nlines"})["blocks"]
    assert [texts([block]) for block in blocks] == [["Go?"], ["Amount: ", "40"], ["Body"], ["two\nlines"]]


def test_nested_values_are_shown_as_the_json_they_are() -> None:
    assert '{\n  "a": [\n    1,\n    "2"\n  ]\n}' in whole({"question": "Go?", "config": {"a": [1, "2"]}})


def test_secrets_stay_masked() -> None:
    said = whole(
        {"question": "Use ghp_1111111111111111?", "db": {"password": "hunter2"}, "run": "x ghp_2222222222222222"}
    )
    assert "hunter2" not in said
    assert "ghp_" not in said


def test_a_page_beyond_the_end_is_the_last() -> None:
    payload = {"question": "Go?", "body": "x" * 600_000}
    ref = ids.parse_view_ref(view(payload, 99)["private_metadata"])
    assert ref is not None
    assert ref.page == 3
    assert "Page 4 of 4" in texts(view(payload, 99)["blocks"])


def test_a_page_before_the_start_is_the_first() -> None:
    assert view({"question": "Go?", "body": "x" * 600_000}, -1) == view({"question": "Go?", "body": "x" * 600_000})


def test_what_a_run_was_asked_can_be_read_in_full() -> None:
    made = run_view(make_thread(prompt="x" * 9000))
    assert check_view(made) == []
    assert "x" * 9000 in "".join(texts(made["blocks"]))


class TestRevealing:
    CARD = compile_card({"question": "Log in?", "password": "hunter2", "note": f"use xoxb-{'1' * 12}"})

    def view(self, *, revealed: bool = False, status: RequestStatus = RequestStatus.OPEN) -> dict[str, Any]:
        view = details_view(self.CARD, make_request(None, status), revealed=revealed)
        assert check_view(view) == []
        return view

    def test_what_is_hidden_can_be_asked_for_while_the_question_is_open(self) -> None:
        assert "hunter2" not in str(self.view())
        assert buttons(self.view()["blocks"]) == ["Reveal what is hidden"]
        assert buttons(self.view(status=RequestStatus.DELIVERED)["blocks"]) == []

    def test_revealed_it_is_all_there(self) -> None:
        said = str(self.view(revealed=True))
        assert "hunter2" in said
        assert "xoxb-1111" in said
        ref = ids.parse_view_ref(self.view(revealed=True)["private_metadata"])
        assert ref is not None
        assert ref.revealed

    def test_where_nothing_is_hidden_there_is_nothing_to_reveal(self) -> None:
        assert buttons(details_view(compile_card({"question": "?", "a": 1}), make_request(None))["blocks"]) == []
