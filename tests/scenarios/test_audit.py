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
from tests.office import Json, Office, OpenOffice, asking, settle
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
