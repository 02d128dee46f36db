"""A PostgreSQL server of the tests' own, in a temporary folder."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Final
from uuid import uuid4

import psycopg
import pytest

from leadpages.stores.postgres.store import PostgresStore

_START_WITHIN_S: Final = 30.0
_TEMPLATE: Final = "leadpages_template"


class PostgresServer:
    """One server on a Unix socket. `durable` syncs every commit, which most tests need not wait for."""

    def __init__(self, folder: Path, durable: bool) -> None:
        self._folder = folder
        self._durable = durable
        # PostgreSQL refuses to run as root.
        self._user = "postgres" if os.geteuid() == 0 else None
        if self._user:
            shutil.chown(folder, self._user)
        # A language that does not sort by bytes, as most databases have one.
        locale = ["--locale=C", "--locale-provider=icu", "--icu-locale=en", "--encoding=UTF8"]
        options = ["--auth=trust", "--username=leadpages", "--no-sync", *locale]
        subprocess.run(
            [_program("initdb"), "-D", str(folder / "data"), *options],
            user=self._user, cwd=folder, check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        self.start()

    def start(self) -> None:
        """Start it, and return when it answers."""
        settings = ["listen_addresses=", f"unix_socket_directories={self._folder}", f"fsync={self._durable}"]
        self._log = (self._folder / "log").open("ab")
        self._process = subprocess.Popen(
            [_program("postgres"), "-D", str(self._folder / "data"), *(f"--{setting}" for setting in settings)],
            user=self._user, cwd=self._folder, stderr=self._log,
        )  # fmt: skip
        give_up = time.monotonic() + _START_WITHIN_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > give_up:
                pytest.fail(f"PostgreSQL did not start:\n{(self._folder / 'log').read_text()}")
            time.sleep(0.02)

    def crash(self) -> None:
        """End all its processes at once; nothing is written any more, and the next start has to recover."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait()
        self._log.close()

    def run(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Run one statement, and what it gave."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            found = connection.execute(statement.encode())
            return found.fetchall() if found.description else []

    def url(self, database: str) -> str:
        """The address of one of its databases."""
        return f"postgresql://leadpages@/{database}?host={self._folder}"

    @contextmanager
    def database(self, template: str = "template1") -> Iterator[str]:
        """A database of its own, for as long as it is needed; its name."""
        name = f"test_{uuid4().hex}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        yield name
        self.run(f"DROP DATABASE {name} WITH (FORCE)")

    @contextmanager
    def leads(self) -> Iterator[str]:
        """The same, with the tables of this version."""
        if not self.run(f"SELECT 1 FROM pg_database WHERE datname = '{_TEMPLATE}'"):
            self.run(f"CREATE DATABASE {_TEMPLATE}")
            PostgresStore.migrate(self.url(_TEMPLATE))
        with self.database(_TEMPLATE) as name:
            yield name

    def _answers(self) -> bool:
        try:
            self.run("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True


@contextmanager
def running(durable: bool = False) -> Iterator[PostgresServer]:
    """A server, for as long as it is needed."""
    folder = Path(mkdtemp(prefix="leadpages-pg-"))  # not pytest's own: there, no other user may look
    server = PostgresServer(folder, durable)
    try:
        yield server
    finally:
        server.crash()
        shutil.rmtree(folder)


def _program(name: str) -> str:
    # Debian keeps the server's programs off the path.
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    program = str(found[-1]) if found else shutil.which(name)
    if program is None:
        pytest.fail("PostgreSQL is not installed: these tests run on the real server (`make test` brings it)")
    return program
