"""The kits for Cloud Run, Azure Functions and Vercel: what each host would call is called here."""

from __future__ import annotations

import compileall
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from zipfile import ZipFile

import pytest
from tests.deploy_kits.conftest import BuiltSite, Install, post, running
from tests.e2e.conftest import free_port

from leadpages.core.bundle import load
from leadpages.core.forms import Webhook
from leadpages.deploy_kits import kits
from leadpages.deploy_kits.running_wheel import NAME
from leadpages.stores.opening import open_store

KEY = "kJ8sD2fGq5Lw9Xz3Vb7Nm1Rt6Yp4Hc0A"
Environment = dict[str, str]


@pytest.fixture
def env(built_site: BuiltSite, postgres_url: str, smtp: str, tmp_path: Path) -> Iterator[Environment]:
    """What is set there; each lead that was posted is in the database in the end."""
    yield {
        "LEADPAGES_BUNDLE": str(built_site.project / "bundle"),
        "LEADPAGES_DATABASE_URL": postgres_url,
        "LEADPAGES_SECRET_KEYS": KEY,
        "LEADPAGES_SMTP_URL": smtp,
        "LEADPAGES_TRUSTED_HOPS": "1",
        "LEADPAGES_FILES_URL": tmp_path.as_uri(),
    }
    with closing(open_store(postgres_url)) as store:
        assert [lead.email for lead in store.leads()] == ["ann@example.com"]


def run(script: str, folder: Path, env: Mapping[str, str]) -> str:
    """What `script` prints, run in `folder`."""
    done = subprocess.run(
        [sys.executable, "-B", "-c", script], cwd=folder, env=dict(env), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_cloud_run(built_site: BuiltSite, install: Install, env: Environment, tmp_path: Path) -> None:
    """The command of the image serves on the port that Cloud Run names, and the job is another command of it."""
    kit = built_site.kit("cloud-run")
    dockerfile = (kit / "Dockerfile").read_text()
    (requirements,) = re.findall(r"--only-binary :all: (.*) &&", dockerfile)
    programs = install(*requirements.replace("./", f"{kit}/").replace('"', "").split())
    (command,) = re.findall(r"^CMD (.*)$", dockerfile, re.MULTILINE)
    port = free_port()
    host = {**env, "K_SERVICE": "leadpages", "PORT": str(port)}
    with running([str(programs / "gunicorn"), *json.loads(command)[1:]], port, tmp_path, host) as address:
        assert post(address, "/f/newsletter", email="ann@example.com") == 303
    (job,) = re.findall(r"--command leadpages --args (\w+)", (kit / "README.md").read_text())
    done = subprocess.run([programs / "leadpages", job], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("1 sent")


AZURE = """
from urllib.parse import urlencode
import azure.functions as func
import function_app
names = {function.get_function_name(): function for function in function_app.app.get_functions()}
print(sorted(names))
print(names["http_app_func"].get_trigger().route, names["http_app_func"].get_trigger().auth_level.name)
context = type("Context", (), {})()
request = func.HttpRequest(
    "POST",
    "https://forms.azurewebsites.net/f/newsletter",
    headers={"Content-Type": "application/x-www-form-urlencoded", "Origin": "https://www.example.com"},
    body=urlencode({"email": "ann@example.com"}).encode(),
)
reply = names["http_app_func"].get_user_function()(request, context)
print(reply.status_code, reply.headers["Location"])
names["deliver"].get_user_function()(None)
print(function_app.worker().work().sent)
"""


def test_azure(built_site: BuiltSite, env: Environment) -> None:
    """The app has one function for every path, without a key, and one for the timer."""
    printed = run(AZURE, built_site.kit("azure"), {**env, "FUNCTIONS_WORKER_RUNTIME": "python"})
    assert printed.splitlines() == [
        "['deliver', 'http_app_func']",
        "/{*route} ANONYMOUS",
        "303 https://www.example.com/thanks/newsletter/",
        "0",
    ]
    host = json.loads((built_site.project / "deploy/azure/host.json").read_text())
    assert host["extensions"]["http"] == {"routePrefix": ""}


VERCEL = """
import sys
from werkzeug.test import Client
sys.path.insert(0, "api")
from index import app, worker
client = Client(app)
form = {"email": "ann@example.com"}
print(client.post("/f/newsletter", data=form, headers={"Origin": "https://www.example.com"}).status_code)
print("smtplib" in sys.modules)
for key in ("", "Bearer ", "Bearer wrong", "Bearer right"):
    print(client.get("/deliver", headers={"Authorization": key}).status_code)
print(worker().work().sent)
"""


def test_vercel(built_site: BuiltSite, env: Environment) -> None:
    """Only Vercel's timer sends the mails, and a form loads nothing for that."""
    printed = run(VERCEL, built_site.kit("vercel"), {**env, "VERCEL": "1", "CRON_SECRET": "right"})
    config = json.loads((built_site.project / "deploy/vercel/vercel.json").read_text())
    assert config["rewrites"] == [{"source": "/(.*)", "destination": "/api/index"}]
    assert printed.split() == ["303", "False", "403", "403", "403", "204", "0"]


@pytest.mark.parametrize("target", ["cloud-run", "azure", "vercel"])
def test_what_pip_is_told_is_there(built_site: BuiltSite, target: str) -> None:
    """The wheel that is named is the one beside it."""
    kit = built_site.kit(target)
    (wheel,) = kit.glob("*.whl")
    named = (kit / ("Dockerfile" if target == "cloud-run" else "requirements.txt")).read_text()
    assert f"./{wheel.name}[postgres]" in named


@pytest.mark.parametrize("target", [target for target in kits.TARGETS if target != "lambda"])
def test_files_in_a_bucket(built_site: BuiltSite, target: str) -> None:
    """What a README tells to change is there, and what it tells to install is an extra of the wheel."""
    kit = built_site.kit(target)
    readme = (kit / "README.md").read_text()
    assert "LEADPAGES_FILES_URL=s3://" in readme
    assert "leadpages files push" in readme
    assert "LEADPAGES_FILES_URL=" in (kit / "leadpages.env").read_text()
    if told := re.search(r"Write `(.*)` for\n`(.*)` in `(.*)`", readme):
        instead, there, file = told.groups()
        assert there in (kit / file).read_text()
        extras = ZipFile(kit / NAME).read(f"{NAME.removesuffix('-py3-none-any.whl')}.dist-info/METADATA").decode()
        assert all(f"Provides-Extra: {extra}\n" in extras for extra in instead.strip("[]").split(","))
    else:
        assert "/opt/leadpages/bin/pip install boto3" in readme


def test_what_python_compiles_is_no_part_of_a_kit(
    built_site: BuiltSite, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An installed Leadpages has `__pycache__` folders between the templates."""
    shutil.copytree(kits._TEMPLATES, tmp_path / "templates")
    compileall.compile_dir(tmp_path / "templates", quiet=2)
    assert list(tmp_path.glob("templates/vercel/api/__pycache__/*.pyc"))
    monkeypatch.setattr(kits, "_TEMPLATES", tmp_path / "templates")
    kit = kits.make_kit("vercel", load(built_site.project / "bundle"), "", "../..", ("key", "other"))
    assert sorted(kit.files) == [".gitignore", "README.md", "api/index.py", NAME, "requirements.txt", "vercel.json"]


@pytest.mark.parametrize("target", kits.TARGETS)
def test_the_secrets_of_web_hooks_are_named(built_site: BuiltSite, target: str) -> None:
    """Where the kit's other secrets are; a site without any has no word of them."""
    bundle = load(built_site.project / "bundle")
    name, form = next(iter(bundle.forms.items()))
    hook = Webhook("crm", "https://crm.example.com/", secret="CRM_SECRET")
    hooked = bundle._replace(forms={**bundle.forms, name: form._replace(webhooks=(hook,))})
    with_hook, without = (kits.make_kit(target, of, "", "../..", ("key", "other")) for of in (hooked, bundle))
    assert "CRM_SECRET" in b"".join(with_hook.secrets.values()).decode()
    assert "web hooks" not in b"".join(without.secrets.values()).decode()
