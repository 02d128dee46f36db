"""A function's cold start: from the start of its process to the first reply, beside FastAPI and Flask.

Each is the same form on AWS Lambda: a post is checked, kept, and answered with a redirect. AWS's own runtime client
loads the function and hands it the post, which waits for it in a Runtime API on this machine. Leadpages is the zip of
its Lambda kit, and does all that it always does; the others do no more than the form needs. All have their byte code
with them.

With SQLite, which Python brings along, the frameworks are compared and little else. With PostgreSQL all have to load
psycopg, and one function shows what that takes by itself. The databases are on this machine, so that little but the
programs is waited for.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import sqlite3
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final, Literal
from unittest.mock import patch
from urllib.parse import urlencode

from tests.bench.targets import Target, show
from tests.conftest import write_files
from tests.deploy_kits.lambda_host import lambda_host
from tests.stores import dynamodb_server, postgres_server

_HERE: Final = Path(__file__).parent
_TOOLS: Final = _HERE / "work" / "tools"
_RUNTIME: Final = ("awslambdaric==4.2.2", "boto3==1.44.8")  # what a Lambda has without the function
_SITE: Final = "https://www.example.com"
_HOST: Final = "abc.lambda-url.eu-central-1.on.aws"
_AT_MOST: Final = 0.5
PROJECT: Final = {
    "leadpages.toml": f'title = "Test site"\nbase_url = "{_SITE}"\n',
    "site/index.md": "---\ntitle: Hello\n---\n",
    "forms/newsletter.toml": """\
title = "News by mail"
[[fields]]
name = "email"
type = "email"
label = "E-mail"
required = true
[[fields]]
name = "first_name"
type = "text"
label = "First name"
[[fields]]
name = "consent"
type = "consent"
label = "Yes, send me news."
required = true
""",
}
_TABLE: Final = """CREATE TABLE subscriptions (
  id integer {}, email text NOT NULL, first_name text NOT NULL, consent text NOT NULL
)"""
_FASTAPI: Final = ("fastapi==0.165.0", "mangum==0.22.0", "pydantic[email]==2.14.4", "python-multipart==0.0.34")
_FLASK: Final = ("flask==3.1.3", "apig-wsgi==2.20.0", "email-validator==2.4.0", "sqlalchemy==2.1.9")
_SQLMODEL: Final = ("sqlmodel==0.0.50", "sqlalchemy==2.1.9")
_PSYCOPG: Final = "psycopg[binary]==3.3.9"


@dataclass(frozen=True, slots=True)
class Case:
    """A program in functions/ with what is installed for it, or leadpages for ""."""

    name: str
    database: Literal["", "sqlite", "postgresql", "dynamodb"] = ""
    program: str = ""
    requirements: tuple[str, ...] = ()


CASES: Final = (
    Case("nothing at all", program="empty"),
    Case("psycopg alone", "postgresql", "psycopg_alone", (_PSYCOPG,)),
    Case("SQLite: leadpages", "sqlite"),
    Case("SQLite: FastAPI, Mangum", "sqlite", "fastapi_sqlite", _FASTAPI),
    Case("SQLite: Flask, apig-wsgi, SQLAlchemy", "sqlite", "flask_sqlalchemy", _FLASK),
    Case("PostgreSQL: leadpages", "postgresql"),
    Case("PostgreSQL: FastAPI, Mangum", "postgresql", "fastapi_postgresql", (*_FASTAPI, _PSYCOPG)),
    Case("PostgreSQL: FastAPI, Mangum, SQLModel", "postgresql", "fastapi_sqlmodel", (*_FASTAPI, *_SQLMODEL, _PSYCOPG)),
    Case("PostgreSQL: Flask, apig-wsgi, SQLAlchemy", "postgresql", "flask_sqlalchemy", (*_FLASK, _PSYCOPG)),
    Case("DynamoDB: leadpages", "dynamodb"),
)


@dataclass(frozen=True, slots=True)
class Function:
    """What runs: an unpacked function, the name of its handler, and its environment."""

    folder: Path
    handler: str
    env: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Row:
    """One case, in ms: the medians of wall and processor time, and the fastest."""

    name: str
    wall_ms: float
    cpu_ms: float
    least_ms: float


def measure(functions: Mapping[str, Function], python: Path, rounds: int) -> list[Row]:
    """The functions by turns, run by `python`; the first round fills the caches and is not counted."""
    costs: dict[str, list[tuple[float, float]]] = {name: [] for name in functions}
    for number in range(rounds + 1):
        for name, function in functions.items():
            costs[name].append(_first_reply(python, function, number))
    return [_row(name, found[1:]) for name, found in costs.items()]


def _row(name: str, costs: Sequence[tuple[float, float]]) -> Row:
    walls, cpus = zip(*costs, strict=True)
    return Row(name, median(walls), median(cpus), min(walls))


def _first_reply(python: Path, function: Function, number: int) -> tuple[float, float]:
    """Milliseconds of wall and processor time from the start of the process to its reply."""
    before, started = _children_s(), time.perf_counter()
    env = {**function.env, "PYTHONDONTWRITEBYTECODE": "1"}  # nor can a function
    with lambda_host(python, function.folder, function.handler, env) as host:
        answer = host.invoke(_event(number))
        wall_s = time.perf_counter() - started
    location = {name.lower(): value for name, value in answer["headers"].items()}.get("location")
    assert (answer["statusCode"], location) == (303, f"{_SITE}/thanks/newsletter/"), answer
    return wall_s * 1000, (_children_s() - before) * 1000


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _event(number: int) -> dict[str, Any]:
    """The form as a function URL hands it on."""
    answers = {"email": f"lead{number}@example.com", "first_name": "Ann", "consent": "yes"}
    headers = {
        "host": _HOST,
        "origin": _SITE,
        "content-type": "application/x-www-form-urlencoded",
        "x-forwarded-for": "203.0.113.7",
        "x-forwarded-proto": "https",
    }
    http = {"method": "POST", "path": "/f/newsletter", "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7"}
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/f/newsletter",
        "rawQueryString": "",
        "headers": headers,
        "requestContext": {"domainName": _HOST, "stage": "$default", "requestId": "1", "http": http},
        "body": urlencode(answers),
        "isBase64Encoded": False,
    }


@contextmanager
def all_functions(folder: Path, python: Path, cases: Sequence[Case]) -> Iterator[dict[str, Function]]:
    """The functions of these cases for `python`, by name, each with a database of its own."""
    with ExitStack() as stack:
        stack.enter_context(patch.dict(os.environ, dynamodb_server.ENVIRONMENT))
        kit = _unpacked_kit(folder, python)
        found = {}
        for number, case in enumerate(cases):
            url = _database(stack, case, folder / f"{number}.db")
            found[case.name] = _program(case, python, url) if case.program else _leadpages(kit, url)
        yield found


def _database(stack: ExitStack, case: Case, file: Path) -> str:
    """The URL of a new database, with the table that `case` needs if it makes none of its own."""
    if case.database == "dynamodb":
        return dynamodb_server.new_table(stack.enter_context(dynamodb_server.running()))
    if case.database == "sqlite":
        if case.program:
            with closing(sqlite3.connect(file)) as connection:
                connection.execute(_TABLE.format("PRIMARY KEY"))
        return f"sqlite:///{file}"
    if case.database == "postgresql":
        server = stack.enter_context(postgres_server.running(durable=True))
        name = stack.enter_context(server.leads())
        if case.program:
            server.run(_TABLE.format("GENERATED ALWAYS AS IDENTITY PRIMARY KEY"), name)
        return server.url(name)
    return ""


def _leadpages(kit: Path, url: str) -> Function:
    env = {
        "LEADPAGES_BUNDLE": str(kit / "bundle"),
        "LEADPAGES_DATABASE_URL": url,
        "LEADPAGES_SECRET_KEYS": "kJ8sD2fGq5Lw9Xz3Vb7Nm1Rt6Yp4Hc0A",
        "LEADPAGES_RATE_PER_CLIENT": "9999 in 10 minutes",
        "LEADPAGES_TRUSTED_HOPS": "1",
        **dynamodb_server.ENVIRONMENT,
    }
    if url.startswith("sqlite:"):  # which leadpages refuses on a function, whose disk does not last
        env["AWS_LAMBDA_FUNCTION_NAME"] = ""
    return Function(kit, "leadpages.handler.aws.handle", env)


def _unpacked_kit(folder: Path, python: Path) -> Path:
    """The zip that the Lambda kit makes of a small site."""
    write_files(folder / "project", PROJECT)
    leadpages = str(Path(sys.executable).with_name("leadpages"))
    _run(leadpages, "build", "--project", str(folder / "project"))
    _run(leadpages, "deploy-kit", "lambda", "--project", str(folder / "project"))
    kit = folder / "project" / "deploy" / "lambda"
    here = ["--python", _version(python), "--platform", f"manylinux2014_{platform.machine()}"]
    _run(str(python), str(kit / "build.py"), "--postgres", *here)
    with zipfile.ZipFile(kit / "function.zip") as archive:
        archive.extractall(folder / "function")
    return folder / "function"


def _program(case: Case, python: Path, url: str) -> Function:
    folder = _TOOLS / f"functions-{_version(python)}" / f"{case.program}-{case.database}"
    installed = folder / "requirements.txt"
    if not installed.exists() or installed.read_text().split() != list(case.requirements):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        if case.requirements:
            _run(str(python), "-m", "pip", "install", "--target", str(folder), *case.requirements)
        installed.write_text("\n".join(case.requirements))
    shutil.copy(_HERE / "functions" / f"{case.program}.py", folder)
    _run(str(python), "-m", "compileall", "-q", str(folder))
    return Function(folder, f"{case.program}.handle", {"DATABASE_URL": url})


def _version(python: Path) -> str:
    """As in `3.13`."""
    return _run(str(python), "-c", "import sys; print(*sys.version_info[:2], sep='.')").strip()


def runtime(base: str) -> Path:
    """The Python of an environment with what a Lambda has of its own, made by the program `base`."""
    folder = _TOOLS / f"lambda-{_version(Path(base))}"
    python, installed = folder / "bin" / "python", folder / "requirements.txt"
    if not installed.exists() or installed.read_text().split() != list(_RUNTIME):
        _run(base, "-m", "venv", "--clear", str(folder))
        _run(str(python), "-m", "pip", "install", *_RUNTIME)
        installed.write_text("\n".join(_RUNTIME))
    return python


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def targets(rows: Sequence[Row]) -> list[Target]:
    """What leadpages may take at most of the time of each other on the same database."""
    walls = {row.name: row.wall_ms for row in rows}
    found = []
    for name, wall_ms in walls.items():
        database, colon, what = name.partition(": ")
        ours = f"{database}: leadpages"
        if colon and name != ours and ours in walls:
            found.append(Target(f"{database}: leadpages / {what}", walls[ours] / wall_ms, _AT_MOST))
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; 1 when leadpages took more than half of a peer's time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--python", default=sys.executable, help="what runs the functions, default this one")
    parser.add_argument("--json", action="store_true", dest="as_json")
    options = parser.parse_args(arguments)
    python = runtime(options.python)
    with TemporaryDirectory() as folder, all_functions(Path(folder), python, CASES) as functions:
        rows = measure(functions, python, options.rounds)
    found = targets(rows)
    if options.as_json:
        given = [asdict(one) | {"reached": one.reached} for one in found]
        print(json.dumps({"rows": [asdict(row) for row in rows], "targets": given}))
    else:
        print(f"{'':42}{'wall':>9}{'CPU':>9}{'fastest':>9}")
        for row in rows:
            print(f"{row.name:42}{row.wall_ms:6.0f} ms{row.cpu_ms:6.0f} ms{row.least_ms:6.0f} ms")
        print(f"\n{show(found)}")
    return int(not all(one.reached for one in found))


if __name__ == "__main__":
    sys.exit(main())
