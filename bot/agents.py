"""Which agents there are: those of `andon.toml`, or of a LangGraph project's `langgraph.json` as it is.

Both become `AgentSpec`s. Graphs are only named here; `load_graphs` imports them. All problems of a file are reported at
once, each with the file, the place in it and what to do.
"""

import json
import re
import tomllib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from bot.errors import ConfigurationError, in_words
from bot.graphs import load_graph, split_reference
from runtime.policy.model import AgentPolicy, Approvers

RESERVED_NAMES = frozenset({"help", "list", "status", "stop", "inbox", "policy", "graph", "history", "audit", "revoke"})
"""Words that mean something else after `/agent`."""


def _agent_name(name: str) -> str:
    if name in RESERVED_NAMES:
        raise ValueError(f"{name!r} cannot be an agent's name, because /agent {name} is a command; choose another")
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,29}", name):
        raise ValueError(f"{name!r} cannot be an agent's name; use at most 30 of a-z, 0-9, - and _")
    return name


def _graph_reference(reference: str) -> str:
    split_reference(reference)
    return reference


class AgentSpec(BaseModel):
    """One agent as it was configured. Frozen."""

    name: Annotated[str, AfterValidator(_agent_name)]
    """What people type after `/agent`."""
    graph: Annotated[str, AfterValidator(_graph_reference)]
    """`module:variable` or `path/file.py:variable`; see `bot.graphs`."""
    search_path: tuple[Path, ...]
    """Folders to import from; the first is the one its configuration lies in."""
    title: str = Field(min_length=1, max_length=75)
    """For people, plain text."""
    description: str = Field(default="", max_length=300)
    """What it does, in a sentence; may be empty."""
    example: str = Field(default="", max_length=150)
    """A text to try it with, shown in the help; may be empty."""
    approvers: Approvers = ()
    """Short for the policy's `approvers`."""
    policy: AgentPolicy = AgentPolicy()
    """Who may answer, and how."""
    input: dict[str, Any] | None = None
    """The graph's input, with `$text` where the text after the command belongs; None: `messages` of a conversation."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    @model_validator(mode="after")
    def _approvers_once(self) -> Self:
        if self.approvers and self.policy.approvers:
            raise ValueError("approvers is given twice, here and in the policy; say it once")
        return self

    @property
    def rules(self) -> AgentPolicy:
        """The policy, with the approvers given beside it."""
        return self.policy.model_copy(update={"approvers": self.approvers or self.policy.approvers})

    def input_for(self, text: str) -> dict[str, Any]:
        """The graph's input when somebody wrote `text` after `/agent <name>`."""
        if self.input is None:
            return {"messages": [{"role": "user", "content": text}]}
        return {key: _filled(value, text) for key, value in self.input.items()}


def _filled(value: Any, text: str) -> Any:
    match value:
        case str():
            return value.replace("$text", text)
        case dict():
            return {key: _filled(item, text) for key, item in value.items()}
        case list():
            return [_filled(item, text) for item in value]
        case _:
            return value


def load_graphs(specs: Iterable[AgentSpec]) -> dict[str, object]:
    """The graphs by their agents' names. Raises ConfigurationError with the problems of all that cannot be loaded."""
    graphs: dict[str, object] = {}
    problems: list[str] = []
    for spec in specs:
        try:
            graphs[spec.name] = load_graph(spec.graph, spec.search_path)
        except ConfigurationError as error:
            problems += [f"Agent {spec.name}: {problem}" for problem in error.problems]
    if problems:
        raise ConfigurationError(problems)
    return graphs


def load_agents(config: Path) -> tuple[AgentSpec, ...]:
    """The agents of `config`; where that is missing but its folder has a `langgraph.json`, the agents of that.

    Raises ConfigurationError with every problem of the file.
    """
    langgraph = config.with_name("langgraph.json")
    file = langgraph if langgraph.exists() and not config.exists() else config
    tables, problems = (_langgraph if file.suffix == ".json" else _andon)(_document(file), file.parent.resolve())
    specs: list[AgentSpec] = []
    for place, table in tables.items():
        try:
            specs.append(AgentSpec(**table))
        except ValidationError as error:
            problems += [": ".join(filter(None, (place, _path(e), f"{in_words(e)}."))) for e in error.errors()]
    if problems:
        raise ConfigurationError([f"{file}: {problem}" for problem in problems])
    return tuple(specs)


def _path(error: ErrorDetails) -> str:
    """Where in a table; empty for a problem of the whole."""
    return ".".join(map(str, error["loc"]))


_TO_BEGIN = 'A first agent is two lines: [agents.refund] and graph = "examples.refund:graph".'


def _document(file: Path) -> dict[str, Any]:
    try:
        text = file.read_text(encoding="utf-8")
        document = json.loads(text) if file.suffix == ".json" else tomllib.loads(text)
    except FileNotFoundError:
        problem = f"no such file. Create it, or set ANDON_CONFIG to where it is. {_TO_BEGIN}"
    except OSError as error:
        problem = f"cannot be read: {error.strerror}."
    except ValueError as error:
        problem = f"not valid {file.suffix[1:].upper()}: {error}."
    else:
        return document if isinstance(document, dict) else {}
    raise ConfigurationError([f"{file}: {problem}"])


_Tables = dict[str, dict[str, Any]]
"""What an AgentSpec is made from, by the place in the file that a problem names."""


def _andon(document: Mapping[str, Any], folder: Path) -> tuple[_Tables, list[str]]:
    tables: _Tables = {}
    problems = _unknown_keys("top level", document, {"agents"})
    agents = document.get("agents")
    if not agents or not isinstance(agents, dict):
        return tables, [*problems, f"there are no agents in it. {_TO_BEGIN}"]
    keys = AgentSpec.model_fields.keys() - {"name", "search_path"}
    for name, table in agents.items():
        place = f"[agents.{name}]"
        if isinstance(table, dict):
            problems += _unknown_keys(place, table, keys)
            known = {key: table[key] for key in table.keys() & keys}
            tables[place] = {"name": name, "search_path": (folder,), "title": _title(name)} | known
        else:
            problems.append(f"{place}: must be a table. {_TO_BEGIN}")
    return tables, problems


def _langgraph(document: Mapping[str, Any], folder: Path) -> tuple[_Tables, list[str]]:
    """The graphs and the local folders they import from; the rest of the file is for LangGraph's own server."""
    tables: _Tables = {}
    graphs = document.get("graphs")
    if not graphs or not isinstance(graphs, dict):
        return tables, ["there are no graphs in it."]
    dependencies = document.get("dependencies")
    beside = [folder / name for name in dependencies if isinstance(name, str)] if isinstance(dependencies, list) else []
    search_path = (folder, *(path.resolve() for path in beside if path.is_dir()))
    for name, graph in graphs.items():
        details = graph if isinstance(graph, dict) else {"path": graph}
        tables[f"graph {name!r}"] = {
            "name": _typeable(name),
            "graph": details.get("path"),
            "search_path": search_path,
            "title": _title(name)[:75],
            "description": str(details.get("description") or "")[:300],
        }
    names = Counter(table["name"] for table in tables.values())
    return tables, [
        f"{place}: another graph is named {table['name']!r} too."
        for place, table in tables.items()
        if names[table["name"]] > 1
    ]


def _typeable(name: str) -> str:
    """What to type for a graph that may be called anything: "Deep Researcher" is `/agent deep-researcher`."""
    return re.sub(r"[^a-z0-9_]+", "-", name.lower()).strip("-_")[:30]


def _title(name: str) -> str:
    words = re.sub(r"[-_]+", " ", name).strip()
    return words[:1].upper() + words[1:]


def _unknown_keys(place: str, table: Collection[str], known: Collection[str]) -> list[str]:
    def advice(key: str) -> str:
        near = get_close_matches(key, known, n=1)
        return f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(known))}."

    return [f"{place}: {key} is not a key here; {advice(key)}" for key in table if key not in known]
