"""Every branch of the example agents, as people go through them in Slack: typed, pressed, filled in, read."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.agents import load_agents, load_graphs
from tests.office import Json, Office, OpenOffice, is_open, shown

ROOT = Path(__file__).parents[2]
CHANNEL = "refunds"


@dataclass(frozen=True, slots=True)
class Run:
    """A run that Ana started and Ben sees through."""

    office: Office

    async def card(self, words: str) -> Json:
        """The card that waits for an answer and says this."""
        return (await self.office.sandbox.until(lambda: self.waiting(words)))[0]

    async def press(self, label: str, words: str, *, by: str = "ben") -> Json:
        """Press a button of the card that says this. Returns the card as it was."""
        card = await self.card(words)
        assert await self.office.person(by).press(card, label) is None
        return card

    async def second(self, label: str, words: str) -> None:
        """Have Carla approve what Ben has approved."""
        await self.office.sandbox.until(lambda: [c for c in self.waiting(words) if "1 of 2" in shown(c)])
        await self.press(label, words, by="carla")

    def waiting(self, words: str) -> list[Json]:
        """The cards that wait for an answer and say this."""
        return [card for card in self.office.cards(CHANNEL) if is_open(card) and words in shown(card)]

    async def fill(self, label: str, words: str, **values: Any) -> dict[str, str]:
        """Press a button, and send the form it opens (`_` for a space). Returns the errors by input."""
        await self.press(label, words)
        await self.office.modal("ben")
        return await self.office.person("ben").submit({name.replace("_", " "): value for name, value in values.items()})

    async def reply(self, text: str, words: str) -> None:
        """Write in the thread once a card there says this."""
        card = await self.card(words)
        await self.office.person("ben").say(text, CHANNEL, thread_ts=card["thread_ts"])

    async def outcome(self, *, count: int = 1) -> str:
        """What the agent said at its `count`-th end."""
        return shown(await self.office.outcome(CHANNEL, count=count))


Start = Callable[[str], AbstractAsyncContextManager[Run]]


@pytest.fixture
def start(open_office: OpenOffice) -> Start:
    """Start one of the agents of andon.toml in an office that has them all."""
    specs = load_agents(ROOT / "andon.toml")
    more = {spec.name: {"title": spec.title, "input": spec.input, "policy": spec.policy} for spec in specs}

    @asynccontextmanager
    async def started(text: str) -> AsyncIterator[Run]:
        async with open_office(load_graphs(specs), specs=more) as office:
            await office.person("ana").command(f"/agent {text}", channel=CHANNEL)
            yield Run(office)

    return started


class TestRefund:
    TITLE = "Refund 40.00 EUR to Grace Hopper?"

    async def test_approved(self, start: Start) -> None:
        async with start("refund order 7") as run:
            await run.press("Send refund", self.TITLE)
            assert "Refunded 40.00 EUR to Grace Hopper for order 7." in await run.outcome()

    async def test_edited(self, start: Start) -> None:
        async with start("refund order 7") as run:
            for amount in ("lots", "0", "40.01", "25.505"):
                assert set(await run.fill("Edit…", self.TITLE, Amount=amount)) == {"Amount"}
                await run.office.person("ben").close_modal()
            assert await run.fill("Edit…", self.TITLE, Amount="25.50", Note_to_the_agent="She kept the bulb") == {}
            outcome = await run.outcome()
            assert "Refunded 25.50 EUR instead of 40.00 EUR to Grace Hopper" in outcome
            assert "Their note: She kept the bulb" in outcome

    async def test_rejected(self, start: Start) -> None:
        async with start("refund order 7") as run:
            assert await run.fill("Reject…", self.TITLE, Reason="She was paid in May") == {}
            assert "No refund was sent. It was rejected: She was paid in May" in await run.outcome()

    async def test_unknown_order(self, start: Start) -> None:
        async with start("refund order 4711") as run:
            assert "There is no order 4711, so nothing was refunded." in await run.outcome()

    async def test_no_number(self, start: Start) -> None:
        async with start("refund my lamp") as run:
            await run.reply("the lamp", "Which order is it about?")
            await run.reply("order 7", "I see no number in that.")
            await run.card(self.TITLE)

    async def test_next_order_in_the_same_thread(self, start: Start) -> None:
        async with start("refund order 7") as run:
            await run.press("Send refund", self.TITLE)
            await run.outcome()
            root = await run.office.root(CHANNEL)
            await run.office.person("ben").say("order 8", CHANNEL, thread_ts=root["ts"])
            await run.press("Send refund", "Refund 19.99 EUR to Alan Turing?")
            assert "Refunded 19.99 EUR to Alan Turing" in await run.outcome(count=2)


class TestAnnounce:
    FIRST = "The office closes at noon on Friday."

    async def test_published(self, start: Start) -> None:
        async with start("announce the office closes at noon on Friday") as run:
            await run.press("Publish", self.FIRST)
            assert f"Published:\n\nHello everyone,\n\n{self.FIRST}" in await run.outcome()

    async def test_edited_and_published(self, start: Start) -> None:
        async with start("announce the office closes at noon on Friday") as run:
            assert await run.fill("Edit text…", self.FIRST, Announcement="Closed from noon. See you on Monday!") == {}
            await run.press("Publish", "See you on Monday!")
            assert "Published:\n\nClosed from noon. See you on Monday!" in await run.outcome()

    async def test_sent_back_and_discarded(self, start: Start) -> None:
        async with start("announce the office closes at noon on Friday") as run:
            again = "Ask for another draft…"
            assert await run.fill(again, self.FIRST, Your_answer="The canteen closes too.") == {}
            assert await run.fill(again, "Please also note: The canteen closes", Your_answer="The lift rests.") == {}
            await run.press("Discard", "Please also note: The lift rests.")
            assert "The announcement was discarded. Nothing was published." in await run.outcome()


class TestIntake:
    AGE = "How old is Ada Lovelace?"
    FORM = "Tell us about Ada Lovelace"
    FILLED: dict[str, Any] = {  # noqa: RUF012 - read only
        "Job title": "Programmer",
        "About them": "Wrote the first program.",
        "Team": "Engines",
        "First day": "2026-03-02",
    }

    async def test_asked_again_until_it_is_an_age(self, start: Start) -> None:
        async with start("intake Ada Lovelace") as run:
            await run.reply("old", self.AGE)
            await run.reply("-1", "“old” is not a whole number.")
            assert await run.fill("Answer…", "“-1” is less than 0.", Your_answer="200") == {}
            await run.reply("36", "“200” is more than 150.")
            await run.card(self.FORM)

    async def test_filled_in(self, start: Start) -> None:
        async with start("intake Ada Lovelace") as run:
            await run.reply("36", self.AGE)
            more = {"Floor": "3", "Hours_a_week": "20.5", "Works_from_home": True, "Languages": "English\nFrench"}
            assert await run.fill("Fill in…", self.FORM, **self.FILLED, **more) == {}
            outcome = await run.outcome()
            assert "Welcome, Ada Lovelace (36)!" in outcome
            assert "Programmer in Engines, 20.5 hours a week, from home, from 02 March 2026." in outcome
            assert "Speaks English, French." in outcome

    async def test_an_error_beside_its_field(self, start: Start) -> None:
        async with start("intake Ada Lovelace") as run:
            await run.reply("36", self.AGE)
            for label, wrong in (("Job title", "X"), ("First day", None), ("Floor", "13"), ("Hours a week", "none")):
                errors = await run.fill("Fill in…", self.FORM, **self.FILLED | {label: wrong})
                assert set(errors) == {label}
                await run.office.person("ben").close_modal()

    async def test_a_first_day_at_the_weekend(self, start: Start) -> None:
        async with start("intake Ada Lovelace") as run:
            await run.reply("36", self.AGE)
            saturday = self.FILLED | {"First day": "2026-03-07"}
            errors = await run.fill("Fill in…", self.FORM, **saturday)
            assert "Saturday is no working day" in errors["First day"]
            assert await run.office.person("ben").submit({"First day": "2026-03-02"}) == {}
            assert "Programmer in Engines" in await run.outcome()  # what was filled in need not be typed again
            assert "on floor 1, from 02 March 2026." in await run.outcome()

    async def test_declined(self, start: Start) -> None:
        async with start("intake Ada Lovelace") as run:
            await run.reply("36", self.AGE)
            assert await run.fill("Decline…", self.FORM, Reason="She has left") == {}
            assert "Ada Lovelace was not taken in. The form was declined: She has left" in await run.outcome()


class TestTravel:
    async def test_both_advisers_take_turns(self, start: Start) -> None:
        async with start("travel somewhere warm in the Caribbean") as run:
            await run.reply("which hotel?", "How about Aruba?")
            await run.reply("something cheaper", "In Aruba I would choose the Lighthouse")
            assert (
                await run.fill("Answer…", "The best price in Aruba is Casa Azul", Your_answer="and the journey?") == {}
            )
            await run.reply("thanks!", "Fly to Oranjestad")
            assert "Have a good trip!" in await run.outcome()

    async def test_asked_without_a_place(self, start: Start) -> None:
        async with start("travel hello") as run:
            await run.reply("a hotel", "sun, snow or a city?")
            await run.reply("bye", "Where do you want to stay?")
            assert "Have a good trip!" in await run.outcome()


class TestDeploy:
    async def test_each_region_is_decided_on_its_own(self, start: Start) -> None:
        async with start("deploy checkout 2.4.1") as run:
            await run.office.card(CHANNEL, count=3)
            assert await run.fill("Reject…", "2.4.1 to America?", Reason="Thanksgiving") == {}
            assert await run.fill("Edit…", "2.4.1 to Asia?", Release="checkout 2.4.0", Start="18:30 UTC") == {}
            await run.second("Approve with changes", "2.4.1 to Asia?")
            root = await run.office.root(CHANNEL)
            await run.office.sees(CHANNEL, root["ts"], "2 of 3 answered")
            await run.press("Approve", "2.4.1 to Europe?")
            await run.second("Approve", "2.4.1 to Europe?")
            outcome = await run.outcome()
            assert "Europe: checkout 2.4.1 is on its way, starting at 22:00 UTC." in outcome
            assert "America: left as it is, because it was rejected." in outcome
            assert "Asia: checkout 2.4.0 is on its way, starting at 18:30 UTC." in outcome

    async def test_all_approved(self, start: Start) -> None:
        async with start("deploy checkout 2.4.1") as run:
            regions = ("Asia", "America", "Europe")
            for region in regions:
                await run.press("Approve", f"Deploy checkout 2.4.1 to {region}?")
                await run.second("Approve", f"Deploy checkout 2.4.1 to {region}?")
            outcome = await run.outcome()
            assert all(f"{region}: checkout 2.4.1 is on its way" in outcome for region in regions)
