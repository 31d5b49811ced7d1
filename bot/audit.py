"""`andon audit`: the audit trail for other programs and other eyes, and whether it is whole.

JSON Lines hold every entry as it is stored, so that an export can be held against the database later; CSV is for
reading in a spreadsheet, where no cell may turn into a formula.
"""

import csv
import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, TextIO

from bot.errors import ConfigurationError
from runtime.requests.audit import faults, missing
from runtime.requests.ledger import Ledger
from runtime.requests.records import Thread, ThreadId
from runtime.store import Document

COLUMNS: Final = (
    "time", "team", "user", "what", "detail", "reason", "changes",
    "thread_id", "agent", "conversation", "request_id", "number", "hash",
)  # fmt: skip
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""What spreadsheets take for the beginning of a formula."""


class Format(StrEnum):
    """How an export is written."""

    JSONL = "jsonl"
    CSV = "csv"


async def export(ledger: Ledger, out: TextIO, form: Format, run: str | None = None) -> None:
    """Write the trail of one run, or of all, newest run first. Raises ConfigurationError for a run that is not one."""
    table = csv.DictWriter(out, COLUMNS, extrasaction="ignore")
    if form is Format.CSV:
        table.writeheader()
    async for thread_id, thread in _chains(ledger, run):
        about = {"agent": thread.agent, "conversation": thread.where} if thread else {}
        for entry in await ledger.trail(thread_id):
            row = {"time": _time(entry), **entry, **about}
            if form is Format.CSV:
                table.writerow({name: _cell(value) for name, value in _flat(row).items()})
            else:
                out.write(json.dumps(row, ensure_ascii=False) + "\n")


async def verify(ledger: Ledger, run: str | None = None, exported: Path | None = None) -> AsyncIterator[str]:
    """What is wrong, a sentence each. `exported`: JSON Lines of earlier, all of which has still to be there."""
    kept = _read(exported) if exported else {}
    async for thread_id, _ in _chains(ledger, run):
        trail, requests = await ledger.trail(thread_id), await ledger.requests(thread_id)
        name = f"run {thread_id}" if thread_id else "what was tried on no run"
        for problem in (*faults(trail), *missing(trail, requests)):
            yield f"{name}: {problem}"
        for entry in trail:
            kept.pop(str(entry.get("hash")), None)
    for lost_from, number in kept.values():
        if run is None or lost_from.startswith(run):
            yield f"run {lost_from}: entry {number} of the export is not there any more"


async def _chains(ledger: Ledger, run: str | None) -> AsyncIterator[tuple[ThreadId, Thread | None]]:
    """Every chain there is, that of what was tried on no run too; or that of the run whose id begins with this."""
    if run is None:
        async for thread in ledger.each_thread():
            yield thread.id, thread
        yield ThreadId(""), None
        return
    meant = [thread async for thread in ledger.each_thread() if thread.id.startswith(run)]
    if len(meant) != 1:
        raise ConfigurationError([f"{len(meant) or 'no'} runs begin with {run!r}; /agent list shows their ids."])
    yield meant[0].id, meant[0]


def _time(entry: Document) -> str:
    at: Any = entry["at"]
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def _read(exported: Path) -> dict[str, tuple[str, int]]:
    """The run and number of each entry of an export, by its hash."""
    with exported.open(encoding="utf-8") as lines:
        return {entry["hash"]: (entry["thread_id"], entry["number"]) for entry in map(json.loads, lines)}


def _flat(entry: Mapping[str, Any]) -> dict[str, Any]:
    by = entry["by"] or {}
    changes = "; ".join(f"{name}: {before} → {after}" for name, before, after in entry["changes"])
    return {**entry, "team": by.get("team"), "user": by.get("id"), "changes": changes}


def _cell(value: Any) -> Any:
    """A text that no spreadsheet calculates."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
