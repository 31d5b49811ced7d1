"""What the program refuses to start with. `runtime.errors` and `handlers` have their own trees; this one has one leaf.

ConfigurationError    settings, andon.toml, langgraph.json or a manifest's address; the CLI prints it and exits with 2
"""

from collections.abc import Sequence

from pydantic_core import ErrorDetails


class ConfigurationError(Exception):
    """All that is wrong with the configuration: sentences that say what to do. Holds no secret."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(problems)
        self.problems = list(problems)

    def __str__(self) -> str:
        return "\n".join(self.problems)


def in_words(error: ErrorDetails) -> str:
    """What one pydantic error says: our own validator's words if it has any, else pydantic's. Never the value given."""
    if error["type"] == "missing":
        return "must be given"
    if error["type"] == "extra_forbidden":
        return "is not a key here"
    cause = error.get("ctx", {}).get("error")
    return str(cause) if isinstance(cause, ValueError) else error["msg"]
