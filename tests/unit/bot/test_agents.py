"""The agents file: what it says becomes specs, and everything wrong with it is said at once and in its own terms."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.agents import RESERVED_NAMES, AgentSpec, load_agents
from bot.errors import ConfigurationError

ROOT = Path(__file__).parents[3]
TO_BEGIN = 'A first agent is two lines: [agents.refund] and graph = "examples.refund:graph".'
NAMES = 'name members (U024BE7LH), user groups (S0614TZR7 or @finance), channels (C061EG9T2), "channel" or "requester"'
NO_GRAPH = "names no graph; write module:variable (examples.refund:graph) or path/file.py:variable (./agent.py:graph)."


def andon_toml(folder: Path, text: str) -> Path:
    path = folder / "andon.toml"
    path.write_text(text, encoding="utf-8")
    return path


def langgraph_json(folder: Path, **content: object) -> Path:
    path = folder / "langgraph.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def problems(config: Path) -> list[str]:
    """What is wrong with `config`, without the file name each sentence begins with."""
    with pytest.raises(ConfigurationError) as caught:
        load_agents(config)
    return [problem.removeprefix(f"{config}: ") for problem in caught.value.problems]


def test_an_agent_has_what_its_table_says(tmp_path: Path) -> None:
    config = andon_toml(
        tmp_path,
        """
        [agents.refund]
        graph = "shop.refund:graph"
        title = "Refunds"
        description = "Sends money back."
        example = "order 7"
        approvers = ["U024BE7LH", "W012A3CDE"]
        input = { request = "$text" }
        """,
    )
    assert load_agents(config) == (
        AgentSpec(
            name="refund",
            graph="shop.refund:graph",
            search_path=(tmp_path,),
            title="Refunds",
            description="Sends money back.",
            example="order 7",
            approvers=("U024BE7LH", "W012A3CDE"),
            input={"request": "$text"},
        ),
    )


def test_a_graph_is_all_an_agent_needs(tmp_path: Path) -> None:
    (spec,) = load_agents(andon_toml(tmp_path, '[agents.order-desk]\ngraph = "./desk.py:graph"'))
    assert (spec.title, spec.description, spec.example, spec.approvers) == ("Order desk", "", "", ())


def test_a_spec_does_not_change(tmp_path: Path) -> None:
    (spec,) = load_agents(andon_toml(tmp_path, '[agents.refund]\ngraph = "a:b"'))
    with pytest.raises(ValidationError, match="frozen"):
        spec.title = "Other"


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ('{ request = "$text" }', {"request": "order 7"}),
        (
            '{ messages = [["user", "Please: $text"]], tries = 3 }',
            {"messages": [["user", "Please: order 7"]], "tries": 3},
        ),
        (
            "{ order = { note = '$text', $text = 1 } }".replace("$text =", "text ="),
            {"order": {"note": "order 7", "text": 1}},
        ),
    ],
)
def test_text_fills_the_input_at_any_depth(tmp_path: Path, table: str, expected: dict[str, object]) -> None:
    (spec,) = load_agents(andon_toml(tmp_path, f'[agents.refund]\ngraph = "a:b"\ninput = {table}'))
    assert spec.input_for("order 7") == expected


def test_without_an_input_table_the_text_is_a_users_message(tmp_path: Path) -> None:
    (spec,) = load_agents(andon_toml(tmp_path, '[agents.refund]\ngraph = "a:b"'))
    assert spec.input_for("order 7") == {"messages": [{"role": "user", "content": "order 7"}]}


def test_all_problems_come_at_once_with_their_place(tmp_path: Path) -> None:
    config = andon_toml(
        tmp_path,
        """
        agent = 1
        agents.flat = "a:b"
        [agents.refund]
        grpah = "a:b"
        colour = "red"
        [agents.Deploy]
        graph = "deploy"
        title = 5
        approvers = ["ana"]
        [agents.list]
        graph = "a:b"
        approvers = []
        [agents.pay]
        graph = "a:b"
        approvers = ["@finance"]
        [agents.pay.policy]
        approvers = ["channel"]
        [agents.buy]
        graph = "a:b"
        [agents.buy.policy]
        no_self_aproval = true
        [agents.buy.policy.tools.order]
        approvers = ["#sales"]
        """,
    )
    assert problems(config) == [
        "top level: agent is not a key here; did you mean agents?",
        f"[agents.flat]: must be a table. {TO_BEGIN}",
        "[agents.refund]: grpah is not a key here; did you mean graph?",
        (
            "[agents.refund]: colour is not a key here; "
            "there are approvers, description, example, graph, input, policy, title."
        ),
        "[agents.refund]: graph: must be given.",
        "[agents.Deploy]: name: 'Deploy' cannot be an agent's name; use at most 30 of a-z, 0-9, - and _.",
        f"[agents.Deploy]: graph: 'deploy' {NO_GRAPH}",
        "[agents.Deploy]: title: Input should be a valid string.",
        f"[agents.Deploy]: approvers: nobody is called 'ana'; {NAMES}.",
        "[agents.list]: name: 'list' cannot be an agent's name, because /agent list is a command; choose another.",
        "[agents.list]: approvers: nobody could answer; leave it out to let everybody in the conversation answer.",
        "[agents.pay]: approvers is given twice, here and in the policy; say it once.",
        f"[agents.buy]: policy.tools.order.approvers: nobody is called '#sales'; {NAMES}.",
        "[agents.buy]: policy.no_self_aproval: is not a key here.",
    ]


@pytest.mark.parametrize("name", [*sorted(RESERVED_NAMES), "a" * 31, "a.b", "-a", "ä", "a b"])
def test_a_name_that_could_not_be_typed_as_an_agents_is_refused(tmp_path: Path, name: str) -> None:
    (problem,) = problems(andon_toml(tmp_path, f'[agents."{name}"]\ngraph = "a:b"'))
    assert f"name: {name!r} cannot be an agent's name" in problem


@pytest.mark.parametrize("text", ["", "agents = 3", "[agents]"])
def test_a_file_without_agents_says_how_to_begin(tmp_path: Path, text: str) -> None:
    assert problems(andon_toml(tmp_path, text)) == [f"there are no agents in it. {TO_BEGIN}"]


def test_a_file_that_is_missing_or_not_readable_says_so(tmp_path: Path) -> None:
    assert problems(tmp_path / "andon.toml")[0].startswith("no such file. Create it, or set ANDON_CONFIG")
    (tmp_path / "folder.toml").mkdir()
    assert problems(tmp_path / "folder.toml") == ["cannot be read: Is a directory."]
    assert problems(andon_toml(tmp_path, "[agents.refund\n"))[0].startswith("not valid TOML: ")
    (tmp_path / "langgraph.json").write_text("{", encoding="utf-8")
    assert problems(tmp_path / "langgraph.json")[0].startswith("not valid JSON: ")
    (tmp_path / "langgraph.json").write_bytes(b"\xff")
    assert problems(tmp_path / "langgraph.json")[0].startswith("not valid JSON: ")


def test_a_langgraph_project_is_read_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    config = langgraph_json(
        tmp_path,
        dependencies=["./lib", "langchain_openai", "./gone", 7],
        graphs={
            "agent": "./src/agent.py:graph",
            "Deep Researcher": {"path": "./src/deep.py:build", "description": "Reads a lot. " * 50},
        },
        env=".env",
        python_version="3.12",
    )
    agent, deep = load_agents(config)
    assert (agent.name, agent.title, agent.graph) == ("agent", "Agent", "./src/agent.py:graph")
    assert (deep.name, deep.title, deep.graph) == ("deep-researcher", "Deep Researcher", "./src/deep.py:build")
    assert deep.description.startswith("Reads a lot.")
    assert agent.search_path == deep.search_path == (tmp_path, tmp_path / "lib")


def test_a_langgraph_project_is_found_where_there_is_no_andon_toml(tmp_path: Path) -> None:
    langgraph_json(tmp_path, graphs={"agent": "./agent.py:graph"})
    assert [spec.name for spec in load_agents(tmp_path / "andon.toml")] == ["agent"]
    andon_toml(tmp_path, '[agents.refund]\ngraph = "a:b"')
    assert [spec.name for spec in load_agents(tmp_path / "andon.toml")] == ["refund"]


def test_langgraph_problems_name_the_graph(tmp_path: Path) -> None:
    config = langgraph_json(
        tmp_path, graphs={"A b": "x.py:g", "a-b": "x.py:h", "graph": {}, "node": "./agent.ts:graph"}
    )
    assert problems(config) == [
        "graph 'A b': another graph is named 'a-b' too.",
        "graph 'a-b': another graph is named 'a-b' too.",
        "graph 'graph': name: 'graph' cannot be an agent's name, because /agent graph is a command; choose another.",
        "graph 'graph': graph: Input should be a valid string.",
        f"graph 'node': graph: './agent.ts:graph' {NO_GRAPH}",
    ]
    assert problems(langgraph_json(tmp_path, graphs=[], dependencies=7)) == ["there are no graphs in it."]
    (tmp_path / "langgraph.json").write_text("[]", encoding="utf-8")
    assert problems(tmp_path / "langgraph.json") == ["there are no graphs in it."]


def test_the_repositorys_own_agents_can_each_be_tried_from_the_help() -> None:
    specs = load_agents(ROOT / "andon.toml")
    assert [spec.name for spec in specs] == ["refund", "announce", "intake", "travel", "deploy"]
    assert [spec.graph for spec in specs] == [f"examples.{spec.name}:graph" for spec in specs]
    assert all(spec.title and spec.description and spec.example for spec in specs)
