"""What `/metrics` shows, in Prometheus' text format.

Counters are this process's own and begin at zero with it, as Prometheus expects; gauges are read from the ledger when
somebody asks, so every process over one database shows the same. Labels come from Slack's words and our own, never
from what people or agents write.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from runtime.requests.ledger import Ledger
from runtime.requests.records import RequestStatus, ThreadStatus

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
ACK_SECONDS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0)
"""Upper bounds of the histogram's buckets; Slack waits three seconds."""
WAITING: Final = (RequestStatus.OPEN, RequestStatus.DECIDED)
NOT_AT_REST: Final = (ThreadStatus.RUNNING, ThreadStatus.WAITING)

HELP: Final = {
    "andon_requests": "Questions in the ledger by status; decided ones have still to reach their agent.",
    "andon_runs": "Runs in the ledger that are not at rest, by status.",
    "andon_decisions_total": "Decisions taken through this process.",
    "andon_refusals_total": "Attempts that changed nothing, by reason.",
    "andon_slack_requests_total": "What Slack sent to this process, and how it was answered.",
    "andon_slack_calls_total": "Calls of Slack's Web API: ok, Slack's error code, or uncertain.",
    "andon_ack_seconds": "From the arrival of what Slack sent to its acknowledgement.",
}


@dataclass(slots=True)
class Metrics:
    """Counts of one process."""

    _counts: Counter[tuple[str, tuple[tuple[str, str], ...]]] = field(default_factory=Counter)
    _acks: Counter[float] = field(default_factory=Counter)
    """Acknowledgements by the smallest bound they kept; infinity for those that kept none."""
    _ack_seconds: float = 0.0

    def asked(self, kind: str, status: int, seconds: float) -> None:
        """Slack sent something, and was answered."""
        self._count("andon_slack_requests_total", kind=kind, status=str(status))
        self._acks[next((bound for bound in ACK_SECONDS if seconds <= bound), float("inf"))] += 1
        self._ack_seconds += seconds

    def called(self, method: str, outcome: str) -> None:
        """We called Slack."""
        self._count("andon_slack_calls_total", method=method, outcome=outcome)

    def noted(self, what: str, detail: str) -> None:
        """Something was added to the audit trail."""
        if what == "answer":
            self._count("andon_decisions_total", verdict=detail.partition(" ")[0])
        elif what.endswith(" refused"):
            self._count("andon_refusals_total", reason=detail)

    async def text(self, ledger: Ledger) -> str:
        """Everything there is to know now."""
        gauges = {
            "andon_requests": {str(status): await ledger.count_requests(status) for status in WAITING},
            "andon_runs": {str(status): await ledger.count_threads(status) for status in NOT_AT_REST},
        }
        return "".join(f"{line}\n" for line in (*self._gauges(gauges), *self._counters(), *self._histogram()))

    def _count(self, name: str, **labels: str) -> None:
        self._counts[name, tuple(labels.items())] += 1

    def _gauges(self, gauges: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
        for name, by_status in gauges.items():
            yield from _head(name, "gauge")
            yield from (_sample(name, number, status=status) for status, number in by_status.items())

    def _counters(self) -> Iterator[str]:
        for name in (name for name in HELP if name.endswith("_total")):
            yield from _head(name, "counter")
            found = sorted((labels, number) for (counted, labels), number in self._counts.items() if counted == name)
            yield from (_sample(name, number, **dict(labels)) for labels, number in found)

    def _histogram(self) -> Iterator[str]:
        name, below = "andon_ack_seconds", 0
        yield from _head(name, "histogram")
        for bound in (*ACK_SECONDS, float("inf")):
            below += self._acks[bound]
            yield _sample(f"{name}_bucket", below, le="+Inf" if bound == float("inf") else str(bound))
        yield _sample(f"{name}_sum", self._ack_seconds)
        yield _sample(f"{name}_count", below)


def _head(name: str, kind: str) -> Iterator[str]:
    yield f"# HELP {name} {HELP[name]}"
    yield f"# TYPE {name} {kind}"


def _sample(name: str, value: float, **labels: str) -> str:
    inside = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
    return f"{name}{{{inside}}} {value}" if inside else f"{name} {value}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
