from contextlib import nullcontext
from pathlib import Path

import pytest

from examples.effects import perform
from runtime import InMemorySaver, StoreError
from tests.examples_kit import Conversation, Effects, Talk, labels

ASK_FOR_NUMBER = "Which order is it about? Its number is enough, for example 7."
GRACE = {"effect": "refund", "order": 7, "amount": 40.0, "reason": "The lamp arrived broken"}


async def test_the_card_says_what_will_happen_to_whom_and_why(talk: Talk, effects: Effects) -> None:
    refund = talk("refund")
    await refund.write("order 7")
    assert refund.card.title == "Refund 40.00 EUR to Grace Hopper?"
    assert refund.card.why == "Grace Hopper asked for the money of order 7 back."
    assert refund.card.fields == {"order": 7, "amount": 40.0, "reason": "The lamp arrived broken"}
    assert labels(refund.card) == ["Send refund", "Edit", "Reject"]
    assert effects() == []


async def test_an_approved_refund_is_paid_as_proposed(talk: Talk, effects: Effects) -> None:
    refund = talk("refund")
    await refund.write("order 7")
    await refund.press("Send refund")
    assert refund.outcome == "Refunded 40.00 EUR to Grace Hopper for order 7."
    assert effects() == [GRACE]


async def test_an_edited_refund_is_paid_as_edited(talk: Talk, effects: Effects) -> None:
    refund = talk("refund")
    await refund.write("order 7")
    await refund.press("Edit", Amount="25.50", Note_to_the_agent="She kept the bulb.")
    assert refund.outcome == (
        "Refunded 25.50 EUR instead of 40.00 EUR to Grace Hopper for order 7. Their note: She kept the bulb."
    )
    assert effects() == [GRACE | {"amount": 25.5}]


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("lots", "Enter a number, for example 25.50."),
        ("0", "Enter more than 0."),
        ("-5", "Enter more than 0."),
        ("40.01", "Enter 40.0 or less."),
        ("25.505", "Enter a multiple of 0.01."),
        (None, "Fill this in."),
    ],
)
async def test_an_amount_that_cannot_be_paid_is_an_error_at_its_field(
    talk: Talk, amount: str | None, words: str
) -> None:
    refund = talk("refund")
    await refund.write("order 7")
    assert refund.refused("Edit", Amount=amount) == {"Amount": words}


async def test_the_order_itself_cannot_be_edited(talk: Talk) -> None:
    refund = talk("refund")
    await refund.write("order 7")
    with pytest.raises(KeyError, match="Order"):
        await refund.press("Edit", Order="8")


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [
        ("She has her money already", "No refund was sent. It was rejected: She has her money already"),
        (None, "No refund was sent. It was rejected."),
    ],
)
async def test_a_rejected_refund_is_not_paid(talk: Talk, effects: Effects, reason: str | None, outcome: str) -> None:
    refund = talk("refund")
    await refund.write("order 8")
    await refund.press("Reject", Reason=reason)
    assert refund.outcome == outcome
    assert effects() == []


async def test_an_unknown_order_is_said_to_be_unknown(talk: Talk, effects: Effects) -> None:
    refund = talk("refund")
    await refund.write("order 4711")
    assert refund.outcome == "There is no order 4711, so nothing was refunded."
    assert effects() == []


async def test_without_a_number_it_asks_until_there_is_one(talk: Talk) -> None:
    refund = talk("refund")
    await refund.write("my lamp is broken")
    assert (refund.titles, labels(refund.card)) == ([ASK_FOR_NUMBER], ["Answer"])
    await refund.reply("the lamp")
    assert refund.titles == ["I see no number in that. Which order is it about?"]
    await refund.reply("7, please")
    assert refund.titles == ["Refund 40.00 EUR to Grace Hopper?"]


@pytest.mark.parametrize(
    "text", ["order 8", "Order #8", "refund 19.99 EUR of order 8", "8", "2 books from order 8", "ORDER: 8!"]
)
async def test_the_number_after_the_word_order_counts(talk: Talk, text: str) -> None:
    refund = talk("refund")
    await refund.write(text)
    assert refund.titles == ["Refund 19.99 EUR to Alan Turing?"]


async def test_the_conversation_can_go_on_with_another_order(talk: Talk, effects: Effects) -> None:
    refund = talk("refund")
    for order in ("order 7", "order 9"):
        await refund.write(order)
        await refund.press("Send refund")
    assert refund.outcome == "Refunded 120.50 EUR to Mary Shelley for order 9."
    assert [effect["order"] for effect in effects()] == [7, 9]


class LosingStore(InMemorySaver):
    """Loses one write, or only the news that it was kept."""

    def __init__(self, *, kept: bool) -> None:
        super().__init__()
        self.left: int | None = None
        """Writes until the one that is lost; None: none is."""
        self._kept = kept

    async def append(self, thread_id: str, expected: int, entry: bytes, *, snapshot: bytes | None = None) -> None:
        lost = self.left == 0
        if not lost or self._kept:
            await super().append(thread_id, expected, entry, snapshot=snapshot)
        self.left = None if self.left is None else self.left - 1
        if lost:
            raise StoreError("the disk is gone")


@pytest.mark.parametrize("kept", [True, False], ids=["kept", "lost"])
@pytest.mark.parametrize("nth", range(2))
async def test_the_customer_is_paid_once_whichever_write_after_the_answer_fails(
    effects: Effects, nth: int, *, kept: bool
) -> None:
    store = LosingStore(kept=kept)
    refund = Conversation("refund", lambda: nullcontext(store))
    await refund.write("order 7")
    store.left = nth
    with pytest.raises(StoreError):
        await refund.press("Send refund")
    store.left = None
    await refund.recover()
    if refund.outcome is None:
        await refund.press("Send refund")
    assert refund.outcome == "Refunded 40.00 EUR to Grace Hopper for order 7."
    assert effects() == [GRACE]


def test_an_effect_whose_key_was_seen_before_does_not_happen_again(effects: Effects) -> None:
    for key, amount in (("a", 1), ("a", 1), ("b", 2)):
        perform("refund", key, amount=amount)
    assert [effect["amount"] for effect in effects()] == [1, 2]


def test_without_a_file_for_them_effects_leave_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANDON_EFFECTS", raising=False)
    monkeypatch.chdir(tmp_path)
    perform("refund", "a", amount=1)
    assert list(tmp_path.iterdir()) == []
