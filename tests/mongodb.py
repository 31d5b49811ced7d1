"""A MongoDB for the tests: the one that `MONGODB_URI` names, else nx-27017, started once for a whole run of pytest.

nx-27017 speaks MongoDB's protocol over SQLite. It is a test double: right about single commands, no measure of speed.
"""

import atexit
import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import pytest
from pymongo import MongoClient


def fresh_uri() -> str:
    """The address of a database that nobody has used."""
    name = f"andon_test_{token_hex(6)}"
    parts = urlsplit(_server())
    if "MONGODB_URI" in os.environ:
        atexit.register(_drop, name)
    return parts._replace(path=f"/{name}").geturl()


@cache
def _server() -> str:
    given = os.environ.get("MONGODB_URI")
    return given or start_server()


def start_server(port: int = 0) -> str:
    """Start nx-27017 for as long as this process lives, and wait until it answers."""
    folder = TemporaryDirectory()
    atexit.register(folder.cleanup)
    server = Server(folder=Path(folder.name), data="memory", port=port or free_port())
    server.start()
    atexit.register(server.kill)
    return server.uri


@dataclass(slots=True, kw_only=True)
class Server:
    """A nx-27017 that can be killed, and started again where it was."""

    folder: Path
    """For its files."""
    data: str = "data"
    """Folder of the databases in there; `memory`: they go with the process."""
    port: int
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def uri(self) -> str:
        return f"mongodb://127.0.0.1:{self.port}/"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        program = Path(sys.executable).with_name("nx-27017")
        if not program.exists():
            missing = pytest.fail if os.environ.get("ANDON_REQUIRE_ALL") else pytest.skip
            missing("no MongoDB to test with: set MONGODB_URI, or install nx-27017")
        files = ["--log-file", "server.log", "--pid-file", "server.pid"]
        self.process = subprocess.Popen(
            [program, "--data-dir", self.data, "-p", str(self.port), *files],
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        with MongoClient[dict[str, Any]](self.uri) as client:
            client.admin.command("ping")

    def kill(self) -> None:
        """Kill it with SIGKILL."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _drop(name: str) -> None:
    with MongoClient[dict[str, Any]](_server()) as client:
        client.drop_database(name)
