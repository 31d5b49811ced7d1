"""Graphs by name: `module:variable`, or `path/file.py:variable` as langgraph.json writes it.

Loading runs somebody else's module, so it can fail in any way; each failure becomes one sentence that says where.
What the variable holds is not looked at here: whoever compiles it says what will do.
"""

import importlib
import importlib.util
import re
import sys
import traceback
from collections.abc import Sequence
from difflib import get_close_matches
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import ModuleType

from bot.errors import ConfigurationError


def split_reference(reference: str) -> tuple[str, str]:
    """Module (or file) and variable. Raises ValueError in words."""
    place, _, variable = reference.partition(":")
    named = place.endswith(".py") or all(part.isidentifier() for part in place.split("."))
    if not named or not variable.isidentifier():
        raise ValueError(
            f"{reference!r} names no graph; write module:variable (examples.refund:graph) "
            "or path/file.py:variable (./agent.py:graph)"
        )
    return place, variable


def load_graph(reference: str, search_path: Sequence[Path]) -> object:
    """What `reference` names.

    `search_path` goes to the front of sys.path and stays there, because modules also import while they run, and because
    a project's own `examples` must win over an installed one. A file is relative to its first folder.
    Raises ConfigurationError with one sentence: what was raised, and at which line of the project.
    """
    sys.path[:0] = [folder for folder in map(str, search_path) if folder not in sys.path]
    try:
        place, variable = split_reference(reference)
        module = _import_file(place, search_path[0]) if place.endswith(".py") else importlib.import_module(place)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a module may raise anything
        problem = f"{reference} cannot be loaded: {type(error).__name__}: {error}{_line_of(error, search_path)}."
    else:
        if hasattr(module, variable):
            loaded: object = getattr(module, variable)
            return loaded
        near = get_close_matches(variable, vars(module), n=1)
        problem = f"{place} has no {variable!r}{f'; did you mean {near[0]!r}?' if near else '.'}"
    raise ConfigurationError([problem])


def _import_file(place: str, folder: Path) -> ModuleType:
    """The module of a file, run once however many of its variables are asked for.

    It is named after `place` as written, not after where the project lies: names of its classes may be stored, and must
    mean the same on another machine.
    """
    path = (folder / place).resolve()
    name = "graph_file_" + re.sub(r"\W+", "_", place.removesuffix(".py")).strip("_")
    known = sys.modules.get(name)
    if known and known.__file__ == str(path):
        return known
    loader = SourceFileLoader(name, str(path))
    spec = ModuleSpec(name, loader, origin=str(path))
    spec.has_location = True  # so that the module gets its __file__
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where the type hints of its classes are looked up
    try:
        loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _line_of(error: BaseException, search_path: Sequence[Path]) -> str:
    """The project's innermost line that the error passed, or nothing where it never got into the project."""
    if isinstance(error, SyntaxError) and error.filename:
        return f" ({error.filename}, line {error.lineno})"
    folders = [folder.resolve() for folder in search_path]
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        ours = path == Path(__file__) or "site-packages" in path.parts
        if not ours and any(path.is_relative_to(folder) for folder in folders):
            return f" ({path}, line {frame.lineno})"
    return ""
