"""Afterwards: who tried what, when, and what came of it; exported, verified, and shown in Slack."""

import asyncio
import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from bot.audit import COLUMNS, Format, export, verify
from bot.errors import ConfigurationError
from runtime.hitl import Approval
from runtime.requests.audit import AUDIT
from runtime.requests.records import Person
from tests.office import Json, Office, OpenOffice, asking, asking_at_once, settle, shown
from tests.unit.bot.test_cli import ROOT, andon

ARGS = {"amount": 40.0, "note": "=HYPERLINK(1)", "api_key": "sk-live-0123456789abcdef"}
REFUND = {"refund": asking(Approval(title="Refund?", args=ARGS))}


async def edited(office: Office) -> None:
    """Ana starts a run; Ben corrects it, once Carla was too late and Eve a stranger."""
    await office.person("ana").command("/agent refund order 7", channel="refunds")
    card = await office.card()
    ben, carla = office.person("ben"), office.person("carla")
    await carla.press(card, "Reject…")
    await office.modal("carla")
    await ben.press(card, "Edit…")
    await office.modal("ben")
    assert await ben.submit({"Amount": "25.50", "Api key": "sk-live-another-9876543210"}) == {}
    await carla.submit({"Reason": "no"})
    await office.outcome()
    await settle(office)


async def exported(office: Office, form: Format = Format.JSONL, run: str | None = None) -> str:
    out = io.StringIO()
    await export(office.bot.desk.ledger, out, form, run)
    return out.getvalue()


async def problems(office: Office, **options: Any) -> list[str]:
    return [problem async for problem in verify(office.bot.desk.ledger, **options)]


async def test_an_export_says_who_did_what_when_and_what_was_changed(open_office: OpenOffice) -> None:
    async with open_office(REFUND) as office:
        await edited(office)
        entries: list[Json] = [json.loads(line) for line in (await exported(office)).splitlines()]
        (thread,) = await office.bot.desk.ledger.threads()
        said = [(entry["what"], entry["by"]["id"], entry["detail"]) for entry in entries]
        assert said == [
            ("start", "U0ANA", "refund"),
            ("answer", "U0BEN", "edited amount api_key"),
            ("answer refused", "U0CARLA", "decided"),
        ]
        hidden = "•" * 8
        assert entries[1]["changes"] == [["amount", "40.0", "25.5"], ["api_key", hidden, hidden]]
        assert {entry["conversation"] for entry in entries} == {thread.where}
        assert {entry["agent"] for entry in entries} == {"refund"}
        assert all(entry["time"].endswith("+00:00") for entry in entries)
        assert await exported(office, run=thread.id[:8]) == await exported(office)
        assert "sk-live" not in await exported(office)


async def test_no_cell_of_a_spreadsheet_is_a_formula(open_office: OpenOffice) -> None:
    async with open_office(REFUND) as office:
        await office.person("ana").command("/agent refund order 7", channel="refunds")
        card = await office.card()
        ben = office.person("ben")
        await ben.press(card, "Reject…")
        await office.modal("ben")
        await ben.submit({"Reason": "=cmd|' /C calc'!A0"})
        await office.outcome()
        await settle(office)
        rows = list(csv.DictReader(io.StringIO(await exported(office, Format.CSV))))
        assert tuple(rows[0]) == COLUMNS
        assert rows[1]["reason"] == "'=cmd|' /C calc'!A0"
        assert (rows[1]["team"], rows[1]["user"], rows[1]["number"]) == ("T0ANDON", "U0BEN", "2")
        assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@"))]


async def test_a_trail_that_somebody_meddled_with_is_found(open_office: OpenOffice, tmp_path: Path) -> None:
    async with open_office(REFUND) as office:
        await edited(office)
        before = tmp_path / "before.jsonl"
        before.write_text(await exported(office))
        assert await problems(office) == await problems(office, exported=before) == []
        store: Any = office.bot.desk.ledger.audit._store
        (thread,) = await office.bot.desk.ledger.threads()
        trail = await office.bot.desk.ledger.trail(thread.id)
        for entry in trail[1:]:
            await store.delete_document(AUDIT, entry["id"])
        (cut_off,) = await problems(office)
        assert cut_off.startswith(f"run {thread.id}: the decision on request")
        assert len(await problems(office, exported=before)) == 3
        await store.update(AUDIT, trail[0]["id"], expect={}, change={"detail": "another"})
        assert f"run {thread.id}: entry 1 was changed" in await problems(office, run=thread.id)


async def test_a_run_that_is_none_is_named(open_office: OpenOffice) -> None:
    async with open_office(REFUND) as office:
        with pytest.raises(ConfigurationError, match="no runs begin with 'nothing'"):
            await exported(office, run="nothing")


async def test_the_commands_print_and_end_with_an_exit_code(open_office: OpenOffice) -> None:
    async with open_office(REFUND) as office:
        await edited(office)
        environ = {
            "SLACK_BOT_TOKEN": "xoxb-1",
            "SLACK_APP_TOKEN": "xapp-1",
            "ANDON_DATA_DIR": str(office.settings.data_dir),
        }

        async def ran(*arguments: str) -> tuple[int, str]:
            ended = await asyncio.to_thread(andon, "audit", *arguments, cwd=ROOT, **environ)
            return ended.returncode, ended.stdout + ended.stderr

        assert await ran("export") == (0, await exported(office))
        assert await ran("verify") == (0, "✓ The audit trail is whole.\n")
        (thread,) = await office.bot.desk.ledger.threads()
        store: Any = office.bot.desk.ledger.audit._store
        await store.delete_document(AUDIT, f"{thread.id}#{1:09}")
        assert await ran("verify") == (1, f"✗ run {thread.id}: entries 1 to 1 are missing\n")


async def test_everybody_who_hears_of_a_run_can_read_who_tried_what(open_office: OpenOffice) -> None:
    async with open_office(REFUND) as office:
        await edited(office)
        ana = office.person("ana")
        assert await ana.command("/agent audit", channel="refunds") is None
        seen = shown(await office.modal("ana"))
        assert "<@U0ANA> started the run" in seen
        assert "<@U0BEN> approved with changes" in seen
        assert "25.5" in seen
        assert "🚫 <@U0CARLA> tried to answer: somebody was first" in seen
        assert "sk-live" not in seen
        other = shown(await office.person("carla").command("/agent audit", channel="general"))
        assert "Nothing of yours" in other


async def test_a_message_that_decides_nothing_is_in_the_trail(open_office: OpenOffice) -> None:
    """What is only hinted at in private leaves a trace too."""
    schema = {"type": "object", "properties": {"amount": {"type": "number", "exclusiveMinimum": 0}}}
    refund = asking(Approval(title="Refund?", args={"amount": 1}, args_schema=schema))
    async with open_office({"refund": refund, "two": asking_at_once(a="A?", b="B?")}) as office:
        ana = office.person("ana")
        await ana.command("/agent refund order 7", channel="refunds")
        card = await office.card()
        await ana.say("yes", channel="refunds", thread_ts=card["thread_ts"])
        await office.told("ana", "Use the buttons")
        await ana.press(card, "Edit…")
        await office.modal("ana")
        assert set(await ana.submit({"Amount": "0"})) == {"Amount"}
        await ana.command("/agent two order 8", channel="general")
        other = await office.card("general", count=2)
        await ana.say("yes", channel="general", thread_ts=other["thread_ts"])
        await office.told("ana", "Several questions are open")
        await settle(office)
        assert await refusals(office) == ["several_open", "needs_buttons", "invalid"]


async def refusals(office: Office) -> list[str]:
    """Why attempts changed nothing, in all runs."""
    entries = [json.loads(line) for line in (await exported(office)).splitlines()]
    return [entry["detail"] for entry in entries if entry["what"].endswith("refused")]


async def test_the_history_has_every_turn_with_its_questions_and_its_end(open_office: OpenOffice) -> None:
    async with open_office(REFUND) as office:
        await edited(office)
        ana = office.person("ana")
        root = await office.root()
        await ana.say("and order 8", channel="refunds", thread_ts=root["ts"])
        await office.card()
        await settle(office)
        await ana.command("/agent history", channel="refunds")
        seen = shown(await office.modal("ana"))
        said = ["order 7", "Refund?", "Approved with changes", "Finished", "Got ", "and order 8", "Refund?", "Waiting"]
        places = [seen.index(said[0])]
        for text in said[1:]:
            places.append(seen.index(text, places[-1]))
        assert "sk-live" not in seen
        assert "Working" not in seen


async def test_a_long_trail_is_read_page_by_page(open_office: OpenOffice) -> None:
    async with open_office(REFUND) as office:
        ana = office.person("ana")
        await ana.command("/agent refund order 7", channel="refunds")
        await office.card()
        await settle(office)
        (thread,) = await office.bot.desk.ledger.threads()
        by = Person(team="T0ANDON", id="U0BEN")
        for number in range(120):
            note = office.bot.desk.ledger.audit.note
            await note("answer refused", at=float(number), by=by, thread_id=thread.id, detail="decided")
        await ana.command("/agent audit", channel="refunds")
        first = await office.modal("ana")
        assert "Page 1 of 2" in shown(first)
        await ana.press(first, "Next page")
        await settle(office)
        second = shown(await office.modal("ana"))
        assert "Page 2 of 2" in second
        assert shown(first).count("<@U0BEN>") + second.count("<@U0BEN>") == 120
