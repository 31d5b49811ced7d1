"""The guard in front of Bolt: what Slack did not send is refused, nothing changes, and nothing ends in a 5xx."""

import copy
import io
import json
import random
import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qsl, urlencode

import aiohttp
import pytest

from bot.serve import MAX_BODY
from runtime.requests.documents import POSTS, REQUESTS, THREADS, TURNS
from runtime.store import Document
from tests.office import Json, Office, OpenOffice, asking, settle

FORM, JSON = "application/x-www-form-urlencoded", "application/json"


@pytest.fixture
async def office(open_office: OpenOffice) -> AsyncIterator[Office]:
    agents = {"refund": asking({"question": "Send 40 EUR?", "amount": 40}), "ask": asking("Which?")}
    async with open_office(agents, transport="signed http") as opened:
        yield opened
        await settle(opened)


async def ledger(office: Office) -> list[Document]:
    """All that matters in the ledger: the audit trail may grow by refusals."""
    await settle(office)
    store = office.bot.desk.ledger._store
    return [document for kind in (THREADS, REQUESTS, TURNS, POSTS) for document in await store.find(kind, {})]


async def send(office: Office, body: bytes, kind: str = JSON, **headers: str) -> int:
    """Deliver these bytes, signed unless `headers` say otherwise; return the status."""
    status, _ = await office.sandbox.deliver_raw({"Content-Type": kind, **office.sandbox.sign(body), **headers}, body)
    return status


def form(payload: Any) -> bytes:
    return urlencode({"payload": json.dumps(payload)}).encode()


COMMAND = urlencode(
    {
        "command": "/agent",
        "text": "refund order 7",
        "team_id": "T0ANDON",
        "user_id": "U0ANA",
        "channel_id": "C0REFUNDS",
        "trigger_id": "1.2.3",
        "api_app_id": "A0ANDON",
    }
).encode()


async def test_a_signed_command_is_obeyed(office: Office) -> None:
    assert await send(office, COMMAND, FORM) == 200
    await office.card()


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Slack-Signature": "v0=" + "0" * 64},
        {"X-Slack-Signature": ""},
        {"X-Slack-Signature": "v0=ü"},
        {"X-Slack-Request-Timestamp": ""},
        {"X-Slack-Request-Timestamp": "soon"},
        {"X-Slack-Request-Timestamp": "1e9"},
        {"X-Slack-Request-Timestamp": "-1"},
        {"X-Slack-Request-Timestamp": "9" * 30},
        {"X-Slack-Request-Timestamp": "٣٣٣"},
    ],
    ids=str,
)
async def test_what_slack_did_not_sign_is_refused(office: Office, headers: dict[str, str]) -> None:
    assert await send(office, COMMAND, FORM, **headers) == 401
    assert await ledger(office) == []


@pytest.mark.parametrize("seconds", [-301, -86400, 301, 86400])
async def test_a_signature_counts_for_five_minutes_only(office: Office, seconds: int) -> None:
    headers = office.sandbox.sign(COMMAND, timestamp=int(time.time()) + seconds)
    status, _ = await office.sandbox.deliver_raw({"Content-Type": FORM, **headers}, COMMAND)
    assert status == 401
    assert await ledger(office) == []


async def test_a_signature_is_for_these_bytes_only(office: Office) -> None:
    headers = {"Content-Type": FORM, **office.sandbox.sign(COMMAND)}
    status, _ = await office.sandbox.deliver_raw(headers, COMMAND.replace(b"+7", b"+8"))
    assert status == 401


NOT_SLACKS = [
    (b"\xff\xfe", JSON),
    (b"\xff\xfe", FORM),
    (b"{", JSON),
    (b"", JSON),
    (b"", FORM),
    (b"null", JSON),
    (b"[]", JSON),
    (b"7", JSON),
    (b'"text"', JSON),
    (b'{"event": 1}', JSON),
    (b'{"type": "event_callback", "event": null}', JSON),
    (b'{"type": "event_callback", "event": []}', JSON),
    (b'{"type": "event_callback", "event": {"type": 1}}', JSON),
    (b'{"type": "event_callback", "event": {"type": "message"}}', JSON),
    (b'{"type": "event_callback", "event": {"type": "message", "user": "U", "team": "T"}}', JSON),
    (b'{"type": "event_callback", "event": {"type": "app_home_opened", "tab": "home"}}', JSON),
    (b'{"type": "event_callback", "authorizations": [1], "event": {"type": "message"}}', JSON),
    (b"[" * 100_000, JSON),
    (b'{"a":' * 50_000, JSON),
    (b'{"n": ' + b"9" * 10_000 + b"}", JSON),
    (b"payload=", FORM),
    (b"payload={", FORM),
    (b"payload=[]", FORM),
    (b"payload=null", FORM),
    (b"payload=" + b"[" * 100_000, FORM),
    (form({"type": "block_actions"}), FORM),
    (form({"type": "block_actions", "team": None, "user": None, "actions": [{"action_id": "act:x"}]}), FORM),
    (form({"type": "block_actions", "team": {"id": 1}, "user": {"id": 2}, "actions": [{"action_id": 3}]}), FORM),
    (form({"type": "block_actions", "actions": "x", "user": {"id": "U"}, "team": {"id": "T"}}), FORM),
    (form({"type": "view_submission", "view": {"callback_id": "answer"}}), FORM),
    (form({"type": "view_submission", "view": None, "user": {"id": "U", "team_id": "T"}}), FORM),
    (form({"type": "view_submission", "response_urls": [{"response_url": "a"}, {"response_url": "b"}]}), FORM),
    (form({"type": "nobody_knows"}), FORM),
    (b"command=/agent", FORM),
    (b"command=/agent&team_id=T0ANDON&user_id=U0ANA", FORM),
    (b"command=/other&team_id=T0ANDON&user_id=U0ANA", FORM),
    (b"ssl_check=1", FORM),
]


async def test_what_slack_would_not_send_is_no_5xx_and_changes_nothing(office: Office) -> None:
    for body, kind in NOT_SLACKS:
        assert await send(office, body, kind) < 500, body[:200]
    assert await ledger(office) == []
    assert await send(office, COMMAND, FORM) == 200


async def test_two_response_urls_are_no_5xx(office: Office) -> None:
    await send(office, COMMAND, FORM)
    card = await office.card()
    ben = office.person("ben")
    await ben.press(card, "Edit…")
    await office.modal("ben")
    made = office.submission("ben")
    made["response_urls"] = [{"response_url": f"http://x/{n}", "channel_id": "C", "block_id": "b"} for n in range(2)]
    assert (await office.deliver(made))[0] < 500


async def test_a_lazy_only_header_from_outside_means_nothing(office: Office) -> None:
    headers = {"X-Slack-Bolt-Lazy-Only": "1", "X-Slack-Bolt-Lazy-Function-Name": "agent"}
    assert await send(office, COMMAND, FORM, **headers) == 200
    await office.card()


async def test_a_body_that_is_too_large_is_refused(office: Office) -> None:
    headers = {"Content-Type": FORM, **office.sandbox.sign(b"")}
    url = f"http://{office.settings.host}:{office.settings.port}/slack/events"
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=io.BytesIO(b"x" * (MAX_BODY + 1)), headers=headers) as response,
    ):
        assert response.status == 413
    assert await ledger(office) == []


@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data", "application/xml", ""])
async def test_another_content_type_is_refused(office: Office, kind: str) -> None:
    assert await send(office, COMMAND, kind) == 415
    assert await ledger(office) == []


async def test_an_odd_charset_is_no_5xx(office: Office) -> None:
    assert await send(office, COMMAND, f"{FORM}; charset=klingon") < 500


async def test_slacks_question_whether_it_is_us_is_answered(office: Office) -> None:
    body = json.dumps({"type": "url_verification", "challenge": "c", "token": "t"}).encode()
    status, text = await office.sandbox.deliver_raw({"Content-Type": JSON, **office.sandbox.sign(body)}, body)
    assert (status, "c" in text) == (200, True)


async def test_other_paths_are_not_there(office: Office) -> None:
    url = f"http://{office.settings.host}:{office.settings.port}"
    async with aiohttp.ClientSession() as session:
        for path in ("/", "/slack/events"):
            async with session.get(url + path) as response:
                assert response.status in {404, 405}


ODD: tuple[Any, ...] = (
    None,
    0,
    -1,
    True,
    "",
    "x" * 5000,
    "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
    [],
    {},
    [None],
    {"id": 7},
    1e308,
)


def mutated(value: Any, chance: random.Random) -> Any:
    """A copy with one part of it odd, gone or doubled."""
    made = copy.deepcopy(value)
    path: Any = made
    while isinstance(path, (dict, list)) and path:
        key = chance.choice(list(path) if isinstance(path, dict) else list(range(len(path))))
        if not isinstance(path[key], (dict, list)) or not path[key] or chance.random() < 0.2:
            match chance.randrange(3):
                case 0:
                    del path[key]
                case 1:
                    path[key] = chance.choice(ODD)
                case _:
                    path[key] = [path[key], path[key]]
            return made
        path = path[key]
    return made


@pytest.mark.timeout(120)
async def test_mutations_of_real_payloads_are_no_5xx_and_decide_nothing(office: Office) -> None:
    """Of a click, a submission, a message, a mention, an opened Home tab and a command of people who may not decide."""
    chance = random.Random(7)
    await send(office, COMMAND, FORM)
    card = await office.card()
    ben, eve = office.person("ben"), office.person("eve")
    await ben.press(card, "Edit…")
    await office.modal("ben")
    await ben.open_home()
    await ben.say("an aside", channel="general")
    await eve.say("<@U0ANDON> refund order 8", channel="shared")
    await office.told("eve", "Only people of this workspace")
    (click,) = [d.payload for d in office.sandbox.deliveries if d.name == "block_actions"]
    events = [
        delivery.payload
        for delivery in office.sandbox.deliveries
        if delivery.kind == "events_api" and delivery.payload["event"].get("user") in {ben.id, eve.id}
    ]
    assert {event["event"]["type"] for event in events} == {"message", "app_mention", "app_home_opened"}
    stranger: Json = {"id": "U0EVE", "username": "eve", "name": "eve", "team_id": "T0OTHER"}
    interactions = [{**click, "user": stranger}, {**office.submission("ben"), "user": stranger}]
    command = {**dict(parse_qsl(COMMAND.decode())), "team_id": "T0OTHER", "user_id": "U0EVE"}
    before = await ledger(office)
    for _ in range(200):
        interaction = mutated(chance.choice(interactions), chance)
        assert await send(office, form(interaction), FORM) < 500, interaction
        event = mutated(chance.choice(events), chance)
        assert await send(office, json.dumps(event).encode()) < 500, event
        typed = mutated(command, chance)
        assert await send(office, urlencode(typed).encode("utf-8", "surrogatepass"), FORM) < 500, typed
    assert await ledger(office) == before
