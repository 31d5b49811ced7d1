"""Who is who, as Slack says: remembered for as long as stated, and an error where Slack does not say."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox import Fault, Sandbox
from bot.sandbox.cast import BOT_USER_ID, TEAM_ID
from handlers.calls import Calls
from handlers.directory import LOCALE_SECONDS, SlackDirectory
from handlers.slack import Slack
from runtime.policy.audience import FRESH, MAX_AGE
from runtime.policy.directory import Account, LookupFailedError
from runtime.requests.records import Person

LIMIT = 0.2  # seconds


@dataclass
class World:
    sandbox: Sandbox
    directory: SlackDirectory
    time: float = 1000.0

    def lookups(self, method: str) -> int:
        return sum(call.method == method for call in self.sandbox.calls)

    async def account(self, user: str) -> Account:
        return await self.directory.account(Person(team=TEAM_ID, id=user))


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with aiohttp.ClientSession() as session, Sandbox() as sandbox:
        client = AsyncWebClient(sandbox.bot_token, base_url=sandbox.api_url, session=session)
        directory = SlackDirectory(Slack(Calls(client)), lambda: made.time, TEAM_ID)
        made = World(sandbox, directory)
        yield made


@pytest.mark.parametrize(
    ("flags", "account"),
    [
        ({}, Account()),
        ({"is_restricted": True}, Account(guest=True)),
        ({"is_ultra_restricted": True}, Account(guest=True)),
        ({"is_stranger": True}, Account(stranger=True)),
        ({"deleted": True}, Account(deactivated=True)),
        ({"is_bot": True}, Account(bot=True)),
    ],
)
async def test_slack_says_what_kind_of_account_somebody_has(
    world: World, flags: dict[str, bool], account: Account
) -> None:
    world.sandbox.account("ben", **flags)
    assert await world.account("U0BEN") == account


async def test_somebody_of_another_team_is_a_stranger(world: World) -> None:
    assert await world.account("U0EVE") == Account(stranger=True)


async def test_a_group_is_found_by_id_and_by_handle(world: World) -> None:
    assert await world.directory.group("S0FINANCE", MAX_AGE) == {"U0BEN", "U0CARLA"}
    assert await world.directory.group("@finance", MAX_AGE) == {"U0BEN", "U0CARLA"}
    assert BOT_USER_ID in await world.directory.channel("C0REFUNDS", MAX_AGE)


async def test_what_is_known_is_not_asked_again_until_it_is_too_old(world: World) -> None:
    await world.directory.group("@finance", MAX_AGE)
    world.sandbox.user_group("S0FINANCE", "ana")
    world.time += FRESH + 1
    assert await world.directory.group("@finance", MAX_AGE) == {"U0BEN", "U0CARLA"}
    assert await world.directory.group("@finance", FRESH) == {"U0ANA"}
    assert world.lookups("usergroups.list") == 1
    assert world.lookups("usergroups.users.list") == 2


@pytest.mark.parametrize("kind", ["429", "500", "drop", "slow"])
async def test_what_slack_does_not_say_in_time_nobody_knows(world: World, kind: str) -> None:
    world.directory.lookup_seconds = LIMIT
    world.sandbox.inject(Fault(method="usergroups.users.list", kind=kind, times=9, seconds=2 * LIMIT))
    with pytest.raises(LookupFailedError, match="<!subteam\\^S0FINANCE>"):
        await world.directory.group("S0FINANCE", MAX_AGE)


async def test_a_group_or_person_that_is_not_there_cannot_be_looked_up(world: World) -> None:
    for unknown in (world.directory.group("@nobody", MAX_AGE), world.directory.group("S0NONE", MAX_AGE)):
        with pytest.raises(LookupFailedError):
            await unknown
    with pytest.raises(LookupFailedError, match="<@U0NOBODY>"):
        await world.account("U0NOBODY")


async def test_a_locale_known_before_is_better_than_none(world: World) -> None:
    world.sandbox.account("ben", locale="ko-KR")
    assert await world.directory.locale("U0BEN") == "ko-KR"
    world.time += MAX_AGE + 1
    world.sandbox.inject(Fault(method="users.info", kind="slow", seconds=LOCALE_SECONDS * 3))
    assert await world.directory.locale("U0BEN") == "ko-KR"
    assert await world.directory.locale("U0NOBODY") == ""


async def test_those_who_want_to_know_the_same_at_once_wait_for_one_call(world: World) -> None:
    account, locale = await asyncio.gather(world.account("U0DAN"), world.directory.locale("U0DAN"))
    assert (account.guest, locale) == (True, "en-US")
    assert world.lookups("users.info") == 1
