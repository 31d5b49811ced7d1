"""Loading a graph runs somebody else's code: it works as if started from their folder, and fails in one sentence."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.agents import AgentSpec, load_graphs
from bot.errors import ConfigurationError
from bot.graphs import load_graph


@pytest.fixture(autouse=True)
def _imports_are_undone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = dict(sys.modules)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield
    for name in set(sys.modules) - before.keys():
        del sys.modules[name]
    sys.modules.update(before)


def project(folder: Path, **modules: str) -> Path:
    for name, text in modules.items():
        path = folder / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def problem(reference: str, folder: Path) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load_graph(reference, [folder])
    (sentence,) = caught.value.problems
    return sentence


def test_a_module_is_imported_from_the_search_path(tmp_path: Path) -> None:
    project(tmp_path, shop__parts="size = 3", shop__refund="from shop.parts import size\ngraph = ['refund', size]")
    assert load_graph("shop.refund:graph", [tmp_path]) == ["refund", 3]


def test_a_file_is_relative_to_the_first_folder_and_imports_from_all(tmp_path: Path) -> None:
    project(tmp_path, lib__kit="size = 3", src__agent="import kit, top\ngraph = kit.size + top.size", top="size = 4")
    assert load_graph("./src/agent.py:graph", [tmp_path, tmp_path / "lib"]) == 7


def test_a_file_is_run_once_for_all_its_graphs(tmp_path: Path) -> None:
    project(tmp_path, agent="one = object()\ntwo = [one]")
    one, two = (load_graph(f"./agent.py:{name}", [tmp_path]) for name in ("one", "two"))
    assert two == [one]


def test_files_of_the_same_name_are_different_modules(tmp_path: Path) -> None:
    project(tmp_path, a__agent="graph = 'a'", b__agent="graph = 'b'")
    assert [load_graph("./agent.py:graph", [tmp_path / name]) for name in ("a", "b")] == ["a", "b"]


def test_classes_of_a_file_have_the_same_name_wherever_the_project_lies(tmp_path: Path) -> None:
    project(tmp_path, src__agent="class State: pass")
    state = load_graph("./src/agent.py:State", [tmp_path])
    assert isinstance(state, type)
    assert f"{state.__module__}.{state.__qualname__}" == "graph_file_src_agent.State"


def test_a_projects_own_package_wins_over_an_installed_one(tmp_path: Path) -> None:
    project(tmp_path, yaml="graph = 'mine'")
    sys.modules.pop("yaml", None)
    assert load_graph("yaml:graph", [tmp_path]) == "mine"


def test_a_misspelt_variable_gets_a_suggestion(tmp_path: Path) -> None:
    project(tmp_path, agent="graph = 1")
    assert problem("agent:grpah", tmp_path) == "agent has no 'grpah'; did you mean 'graph'?"
    assert problem("agent:xyz", tmp_path) == "agent has no 'xyz'."


def test_what_a_module_raises_is_told_with_its_line(tmp_path: Path) -> None:
    project(tmp_path, agent="import helper\ngraph = 1", helper="import json\n\njson.loads('{')")
    assert problem("agent:graph", tmp_path) == (
        "agent:graph cannot be loaded: JSONDecodeError: Expecting property name enclosed in double quotes: "
        f"line 1 column 2 (char 1) ({tmp_path}/helper.py, line 3)."
    )


def test_a_module_that_leaves_the_program_does_not(tmp_path: Path) -> None:
    project(tmp_path, agent="raise SystemExit('Set OPENAI_API_KEY')")
    assert "SystemExit: Set OPENAI_API_KEY" in problem("./agent.py:graph", tmp_path)


def test_a_syntax_error_is_told_with_its_line(tmp_path: Path) -> None:
    project(tmp_path, agent="graph = 1\nif")
    assert f"({tmp_path}/agent.py, line 2)" in problem("agent:graph", tmp_path)


def test_a_file_that_failed_is_tried_again(tmp_path: Path) -> None:
    project(tmp_path, agent="raise ValueError('not yet')")
    assert "ValueError: not yet" in problem("./agent.py:graph", tmp_path)
    project(tmp_path, agent="graph = 'fine now, and longer'")
    assert load_graph("./agent.py:graph", [tmp_path]) == "fine now, and longer"


def test_a_missing_module_or_file_is_told_by_name(tmp_path: Path) -> None:
    assert problem("gone.agent:graph", tmp_path) == (
        "gone.agent:graph cannot be loaded: ModuleNotFoundError: No module named 'gone'."
    )
    assert "FileNotFoundError" in problem("./gone.py:graph", tmp_path)


@pytest.mark.parametrize(
    "reference", ["agent", "agent:", ":graph", "a b:graph", "agent.py", "agent:graph:x", "./a.ts:g"]
)
def test_a_reference_that_names_nothing_says_how_to_write_one(reference: str, tmp_path: Path) -> None:
    assert "names no graph; write module:variable" in problem(reference, tmp_path)


def test_all_graphs_are_tried_before_anything_is_said(tmp_path: Path) -> None:
    project(tmp_path, agent="graph = 1")
    specs = [
        AgentSpec(name=name, title=name, graph=graph, search_path=(tmp_path,))
        for name, graph in [("good", "agent:graph"), ("odd", "agent:grap"), ("gone", "gone:graph")]
    ]
    assert load_graphs(specs[:1]) == {"good": 1}
    with pytest.raises(ConfigurationError) as caught:
        load_graphs(specs)
    assert caught.value.problems == [
        "Agent odd: agent has no 'grap'; did you mean 'graph'?",
        "Agent gone: gone:graph cannot be loaded: ModuleNotFoundError: No module named 'gone'.",
    ]
