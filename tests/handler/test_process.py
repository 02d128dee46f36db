"""The handler as a process: what it loads, how it starts, what is left when it is killed."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from leadpages.stores.sqlite.driver import sqlite3
from leadpages.stores.sqlite.store import SQLiteStore

KEY = "kJ8sD2fGq5Lw9Xz3Vb7Nm1Rt6Yp4Hc0A"
HEAVY = (
    "werkzeug",
    "jinja2",
    "markdown_it",
    "pydantic",
    "click",
    "rich",
    "boto3",
    "email_validator",
    "css_inline",
    "nh3",
    "yaml",
    "sqlite3",
    "pysqlite3",
    "smtplib",
)


def run(script: str, **env: str) -> str:
    """What `script` prints in a process of its own, with this environment and no other."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def environment(bundle: Path, tmp_path: Path) -> dict[str, str]:
    """A handler that is in order."""
    return {
        "LEADPAGES_BUNDLE": str(bundle),
        "LEADPAGES_DATABASE_URL": f"sqlite:///{tmp_path / 'leads.db'}",
        "LEADPAGES_SECRET_KEYS": KEY,
    }


def test_importing_the_handler_is_light() -> None:
    """No template engine, no database, no build tool, no bundle."""
    script = f"import sys, leadpages.handler.app\nprint([name for name in {HEAVY!r} if name in sys.modules])"
    assert run(script) == "[]\n"


FIRST = """
import io, sys
from leadpages.handler.app import app
body = b"email=ann%40example.com"
environ = {
    "REQUEST_METHOD": "POST", "PATH_INFO": "/f/guide", "CONTENT_TYPE": "application/x-www-form-urlencoded",
    "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body), "wsgi.url_scheme": "https",
    "SERVER_NAME": "www.example.com", "SERVER_PORT": "443",
}
app(environ, lambda status, headers: print(status))
print([name for name in ("werkzeug", "jinja2", "http.server", "dataclasses") if name in sys.modules])
"""


def test_a_first_reply_needs_no_web_framework(bundle: Path, tmp_path: Path) -> None:
    """What files and pages need is loaded when one is asked for."""
    printed = run(FIRST, **environment(bundle, tmp_path)).splitlines()
    assert printed == ["303 See Other", "[]"]


POST = """
import sys
from werkzeug.test import Client
from leadpages.handler.app import app
reply = Client(app).post("/f/guide", data={"email": "ann@example.com"}, headers={"Accept": "ACCEPT"})
print(reply.status_code, [name for name in ("jinja2", "smtplib", "pydantic") if name in sys.modules])
"""


@pytest.mark.parametrize(("accept", "status"), [("text/html", 303), ("application/json", 200)])
def test_a_valid_post_fills_no_template(bundle: Path, tmp_path: Path, accept: str, status: int) -> None:
    """The common path of a cold start stays light."""
    printed = run(POST.replace("ACCEPT", accept), **environment(bundle, tmp_path))
    assert printed == f"{status} []\n"
    # Whoever copies the leads has one file to copy, once nobody works on it.
    assert [file.name for file in tmp_path.iterdir() if file.name.startswith("leads.db")] == ["leads.db"]
    with closing(SQLiteStore(tmp_path / "leads.db")) as store:
        assert [lead.email for lead in store.leads()] == ["ann@example.com"]


UNCONFIGURED = """
from werkzeug.test import Client
from leadpages.handler.app import app
for method, path in (("GET", "/healthz"), ("POST", "/f/guide"), ("GET", "/nowhere")):
    reply = Client(app).open(path, method=method)
    print(reply.status_code, reply.json["error"], reply.json["errors"][0]["code"], reply.headers["Retry-After"])
"""


@pytest.mark.parametrize(
    "change",
    [
        {"LEADPAGES_SECRET_KEYS": ""},
        {"LEADPAGES_SECRET_KEYS": "changeme"},
        {"LEADPAGES_BUNDLE": "/nowhere"},
        {"LEADPAGES_DATABASE_URL": "sqlite:////nowhere/leads.db"},
        {"LEADPAGES_DATABASE_URL": "mongodb://x"},
        {"LEADPAGES_SITE_URL": "https://[::1"},
        {"AWS_LAMBDA_FUNCTION_NAME": "leads"},
    ],
)
def test_a_handler_that_is_not_in_order_says_so_to_every_request(
    bundle: Path, tmp_path: Path, change: dict[str, str]
) -> None:
    """503 and a code; what is wrong is for the log."""
    printed = run(UNCONFIGURED, **{**environment(bundle, tmp_path), **change})
    assert printed == "503 not_configured not_configured 30\n" * 3


MENDED = """
import os
from werkzeug.test import Client
from leadpages.handler.app import app
print(Client(app).get("/healthz").status_code)
os.environ["LEADPAGES_BUNDLE"] = os.environ["GOOD"]
print(Client(app).get("/healthz").status_code)
"""


def test_a_handler_recovers_when_things_are_in_order_again(bundle: Path, tmp_path: Path) -> None:
    """One bad moment, such as a bundle that is just being exchanged, does not last until a restart."""
    env = {**environment(bundle, tmp_path), "LEADPAGES_BUNDLE": "/nowhere", "GOOD": str(bundle)}
    assert run(MENDED, **env).split() == ["503", "200"]


TOGETHER = """
from threading import Barrier, Thread
from leadpages.handler import app
made, start = [], Barrier(8)
def ask():
    start.wait()
    made.append(app.configured())
threads = [Thread(target=ask) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(len(made), len(set(map(id, made))))
"""


def test_threads_that_come_first_share_one_application(bundle: Path, tmp_path: Path) -> None:
    """And with it one store, which commits together what they write."""
    assert run(TOGETHER, **environment(bundle, tmp_path)) == "8 1\n"


ENDLESS = """
import sys
from itertools import count
from werkzeug.test import Client
from leadpages.handler.app import app
client = Client(app)
for number in count():
    reply = client.post("/f/guide", data={"email": f"a{number}@example.com"})
    print(reply.status_code, number, flush=True)
"""


@pytest.mark.parametrize("acknowledged", [1, 7, 20])
def test_what_was_acknowledged_survives_a_kill(bundle: Path, tmp_path: Path, acknowledged: int) -> None:
    """`kill -9` right after a reply: each lead that got one is there, with its mail, and the file is whole."""
    process = subprocess.Popen(
        [sys.executable, "-c", ENDLESS], env=environment(bundle, tmp_path), stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(acknowledged)]
        process.kill()
        lines += process.stdout.readlines()
    whole = [line for line in lines if line.endswith("\n")]
    assert {line.split()[0] for line in whole} == {"303"}
    with closing(sqlite3.connect(tmp_path / "leads.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        emails = {email for (email,) in connection.execute("SELECT email FROM leads")}
        queued = connection.execute("SELECT count(*) FROM outbox").fetchone()
    assert {f"a{line.split()[1]}@example.com" for line in whole} <= emails
    assert queued == (len(emails),)
