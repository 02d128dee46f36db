"""The kit for containers: what its image would install and run is installed and run here, on a real PostgreSQL."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import yaml
from tests.deploy_kits.conftest import BuiltSite, Install, environment_in, post, running
from tests.e2e.conftest import free_port
from tests.stores.postgres_server import PostgresServer


def services(kit: Path) -> dict[str, Any]:
    """The services of `compose.yaml`."""
    parsed: dict[str, Any] = yaml.safe_load((kit / "compose.yaml").read_text())
    return dict(parsed["services"])


def test_the_commands_run(
    built_site: BuiltSite, install: Install, postgres: PostgresServer, smtp: str, tmp_path: Path
) -> None:
    """Tables are made in an empty database, a form is taken in, and its mail goes out."""
    kit = built_site.kit("container")
    dockerfile = (kit / "Dockerfile").read_text()
    (requirements,) = re.findall(r"pip install --no-cache-dir --only-binary :all: (.*)$", dockerfile, re.MULTILINE)
    programs = install(*requirements.replace("/tmp", str(kit)).replace('"', "").split())
    (command,) = re.findall(r"^CMD (.*)$", dockerfile, re.MULTILINE)
    port = free_port()
    serve = [str(programs / "gunicorn"), *json.loads(command.replace("0.0.0.0:8080", f"127.0.0.1:{port}"))[1:]]
    with postgres.database() as database:
        env = {
            **environment_in(kit / "leadpages.env"),
            "LEADPAGES_BUNDLE": str(built_site.project / "bundle"),
            "LEADPAGES_DATABASE_URL": postgres.url(database),
            "LEADPAGES_SMTP_URL": smtp,
        }

        def run(*arguments: str) -> str:
            done = subprocess.run(
                [programs / "leadpages", *arguments], env=env, cwd=tmp_path, capture_output=True, text=True
            )
            assert done.returncode == 0, done.stderr
            return done.stdout

        run(*services(kit)["migrate"]["command"][1:])
        with running(serve, port, tmp_path, env) as address:
            assert post(address, "/f/newsletter", email="ann@example.com") == 303
        assert services(kit)["worker"]["command"] == ["leadpages", "deliver", "--watch"]
        assert run("deliver").startswith("1 sent")
        assert json.loads(run("leads", "export", "--format", "jsonl"))["email"] == "ann@example.com"


def test_the_database_and_the_handler_know_one_password(built_site: BuiltSite) -> None:
    """It was made for this site, and nobody else may read the files."""
    kit = built_site.kit("container")
    password = environment_in(kit / "database.env")["POSTGRES_PASSWORD"]
    assert f"//leadpages:{password}@database/" in environment_in(kit / "leadpages.env")["LEADPAGES_DATABASE_URL"]
    assert len(password) > 40
    assert {(kit / name).stat().st_mode & 0o777 for name in ("database.env", "leadpages.env")} == {0o600}


def test_what_compose_names_is_there(built_site: BuiltSite) -> None:
    """Files and folders by their paths from the kit, and services by their names."""
    kit = built_site.kit("container")
    found = services(kit)
    context = found["handler"]["build"]["additional_contexts"]["bundle"]
    assert (kit / context / "bundle.json").is_file()
    mounts = [volume.split(":")[0] for service in found.values() for volume in service["volumes"]]
    assert all((kit / path).exists() for path in mounts if path.startswith("."))
    assert {name for service in found.values() for name in service.get("depends_on", ())} <= set(found)
    assert "reverse_proxy handler:8080" in (kit / "Caddyfile").read_text()
    assert (kit / ".dockerignore").read_text() == "*\n!*.whl\n"
