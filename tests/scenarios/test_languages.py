"""People are spoken to in their own language; a channel has one for everybody."""

import re

import pytest

from bot.sandbox import Fault
from runtime.requests.records import RequestStatus
from tests.office import Office, OpenOffice, asking, shown

QUESTION = {"question": "Refund order 7?", "amount": 250}
HANGUL = re.compile("[가-힣]")
KOREAN = "ko-KR"


async def started(office: Office, channel: str = "refunds") -> str:
    answer = await office.person("ana").command("/agent refund order 7", channel=channel)
    return shown(answer)


async def test_the_same_run_speaks_to_each_person_in_their_language(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(QUESTION)}) as office:
        office.sandbox.account("ben", locale=KOREAN)
        assert "Starting *Refund*" in await started(office)
        card = await office.card()
        assert not HANGUL.search(shown(card))  # everybody reads it
        await office.person("ben").press(card, "Reject…")
        form = await office.modal("ben")
        assert (form["title"]["text"], form["submit"]["text"], form["close"]["text"]) == ("거절", "거절", "뒤로")
        await office.person("ana").press(card, "Reject…")
        assert (await office.modal("ana"))["title"]["text"] == "Reject"
        await office.person("ben").submit({"사유": "too much"})
        decided = await office.sees("refunds", card["ts"], "Rejected")
        assert not HANGUL.search(shown(decided))  # whoever pressed it
        outcome = await office.outcome()
        assert not HANGUL.search(shown(outcome))
        await office.person("carla").press(card, "Approve")
        await office.told("carla", "<@U0BEN> rejected this")
        office.sandbox.account("carla", locale=KOREAN)
        office.late += 600
        await office.person("carla").press(card, "Approve")
        await office.told("carla", "<@U0BEN> 님이 먼저 거절했습니다")


async def test_what_a_person_does_in_their_language_is_stored_in_english(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(QUESTION)}) as office:
        office.sandbox.account("ben", locale=KOREAN)
        await started(office)
        await office.person("ben").press(await office.card(), "Approve")
        await office.outcome()
        (request,) = await office.bot.desk.ledger.requests_by_status(RequestStatus.DELIVERED, limit=1)
        assert request.decision is not None
        assert request.decision.label == "Approve"
        await office.person("ben").open_home()
        home = await office.sandbox.until(lambda: office.person("ben").home)
        assert "최근에 결정된 질문" in shown(home)
        assert "<@U0BEN> 님이 *승인했습니다*" in shown(home)


async def test_a_channel_speaks_the_language_it_is_set_to(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(QUESTION)}, environ={"ANDON_LANGUAGE": "ko"}) as office:
        assert "Starting" in await started(office)  # to Ana alone, whose own it is
        card = await office.card()
        assert "요청한 사람: <@U0ANA>" in shown(card)
        await office.person("ben").press(card, "승인")
        await office.sees("refunds", card["ts"], "<@U0BEN> 님이 *승인했습니다*")
        assert "완료" in shown(await office.outcome())


async def test_a_direct_message_speaks_the_persons_language(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(QUESTION)}) as office:
        office.sandbox.account("ana", locale=KOREAN)
        await office.person("ana").say("order 7", channel="dm")
        card = await office.card("@ana")
        assert "요청한 사람" in shown(card)
        await office.person("ana").press(card, "승인")
        assert "완료" in shown(await office.outcome("@ana"))


@pytest.mark.parametrize("locale", ["", "fr-FR", "xx"])
async def test_who_speaks_none_of_our_languages_hears_the_channels(open_office: OpenOffice, locale: str) -> None:
    async with open_office({"refund": asking(QUESTION)}, environ={"ANDON_LANGUAGE": "ko"}) as office:
        office.sandbox.account("ana", locale=locale)
        assert "에이전트를 시작합니다" in await started(office)


async def test_a_slow_lookup_keeps_no_command_waiting(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(QUESTION)}) as office:
        office.sandbox.account("ana", locale=KOREAN)
        office.sandbox.inject(Fault(method="users.info", kind="slow", seconds=2.9))
        assert "Starting *Refund*" in await started(office)


async def test_one_lookup_serves_the_language_and_the_guards(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(QUESTION)}) as office:
        await started(office)
        await office.person("ben").press(await office.card(), "Approve")
        await office.outcome()
        asked = [call for call in office.sandbox.calls if call.method == "users.info"]
        assert len(asked) == 2  # Ana and Ben
