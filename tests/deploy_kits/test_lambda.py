"""The kit for AWS Lambda: its zip, run by AWS's runtime client; and its template."""

from __future__ import annotations

import ast
import json
import platform
import runpy
import subprocess
import sys
import zipfile
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage, Message
from email.policy import default
from functools import partial
from hashlib import sha256
from importlib.util import cache_from_source
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import boto3
import dns
import psycopg
import pytest
import urllib3
import werkzeug
import yaml
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as MessageHandler
from botocore.exceptions import ClientError
from tests.deploy_kits.conftest import BuiltSite, Install, leadpages
from tests.deploy_kits.lambda_host import LambdaHost, lambda_host
from tests.e2e.conftest import free_port
from tests.handler.funnel import PDF, SITE, link_in
from tests.stores import dynamodb_server, s3_server

import leadpages as leadpages_package
from leadpages.core.forms import GatedFile
from leadpages.core.settings import Bucket
from leadpages.core.times import now
from leadpages.delivery.retention import STAGE_WINDOW
from leadpages.stores.files.opening import open_files
from leadpages.stores.opening import open_store

MOST_BYTES = 5_000_000
GUIDE = GatedFile("files/guide/guide.pdf", "guide.pdf", "application/pdf", len(PDF), sha256(PDF).hexdigest(), 60, 3)
KEY = "kJ8sD2fGq5Lw9Xz3Vb7Nm1Rt6Yp4Hc0A"
HEADERS = {"content-type": "application/x-www-form-urlencoded", "origin": SITE, "x-forwarded-for": "203.0.113.7"}
SCHEDULE = {"version": "0", "source": "aws.events", "detail-type": "Scheduled Event", "detail": {}, "resources": []}


def function_url(path: str, body: str, **headers: str) -> dict[str, Any]:
    """A form that comes by a function URL."""
    http = {"method": "POST", "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7", "userAgent": "test"}
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {**HEADERS, "host": "abc.lambda-url.eu-central-1.on.aws", "x-forwarded-proto": "https", **headers},
        "requestContext": {"domainName": "abc.lambda-url.eu-central-1.on.aws", "http": http, "requestId": "1"},
        "body": b64encode(body.encode()).decode(),
        "isBase64Encoded": True,
    }


def api_gateway(path: str, body: str, **headers: str) -> dict[str, Any]:
    """The same by API Gateway, an HTTP API with payload format 2.0."""
    event = function_url(path, body, **headers)
    event["requestContext"] |= {"apiId": "abc", "stage": "$default", "domainPrefix": "abc"}
    return {**event, "cookies": ["a=b"]}


def load_balancer(path: str, body: str, **headers: str) -> dict[str, Any]:
    """The same by an Application Load Balancer."""
    return {
        "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:eu-central-1:1:targetgroup/a/b"}},
        "httpMethod": "POST",
        "path": path,
        "queryStringParameters": {},
        "headers": {**HEADERS, "host": "lb.example.com", "x-forwarded-proto": "https", **headers},
        "body": body,
        "isBase64Encoded": False,
    }


class Inbox(MessageHandler):
    """A mail host that keeps what it gets."""

    def __init__(self) -> None:
        super().__init__()
        self.mails: list[EmailMessage] = []

    def handle_message(self, message: Message) -> None:
        """Keep it."""
        self.mails.append(message_from_bytes(message.as_bytes(), policy=default))


@pytest.fixture(scope="module")
def kit(built_site: BuiltSite) -> Path:
    """The kit's folder."""
    return built_site.kit("lambda")


HERE = ("--python", f"3.{sys.version_info.minor}", "--platform", f"manylinux2014_{platform.machine()}")
OTHER = "3.13" if sys.version_info.minor != 13 else "3.12"


@pytest.fixture(scope="module")
def function(kit: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The function with PostgreSQL for this machine's Python, unpacked."""
    build(kit, "--postgres", *HERE)
    folder = tmp_path_factory.mktemp("task")
    with zipfile.ZipFile(kit / "function.zip") as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(scope="module")
def python(install: Install) -> Path:
    """What a Lambda has without the function."""
    return install("awslambdaric", "boto3") / "python"


@pytest.fixture(params=["postgresql", "dynamodb"])
def database_url(request: pytest.FixtureRequest, aws: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each database that a function may have, empty."""
    for name, value in dynamodb_server.ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    if request.param == "dynamodb":
        return dynamodb_server.new_table(aws)
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def inbox() -> Iterator[tuple[str, Inbox]]:
    """A mail host's URL, and what came in there."""
    inbox = Inbox()
    host = Controller(inbox, hostname="127.0.0.1", port=free_port())
    host.start()
    yield f"smtp://127.0.0.1:{host.port}", inbox
    host.stop()


@pytest.fixture
def host(
    built_site: BuiltSite,
    function: Path,
    python: Path,
    database_url: str,
    inbox: tuple[str, Inbox],
    bucket: Bucket,
    aws: str,
) -> Iterator[LambdaHost]:
    """The function, running on an empty database and a bucket that has the gated files."""
    leadpages("files", "push", LEADPAGES_BUNDLE=str(built_site.project / "bundle"), LEADPAGES_FILES_URL=str(bucket))
    env = {
        "LEADPAGES_BUNDLE": str(function / "bundle"),
        "LEADPAGES_DATABASE_URL": database_url,
        "LEADPAGES_SECRET_KEYS": KEY,
        "LEADPAGES_SMTP_URL": inbox[0],
        "LEADPAGES_TRUSTED_HOPS": "1",
        "LEADPAGES_FILES_URL": str(bucket),
        **s3_server.environment(aws),
    }
    with lambda_host(python, function, "leadpages.handler.aws.handle", env) as running:
        yield running


def build(kit: Path, *options: str) -> bytes:
    """The zip that `build.py` makes."""
    subprocess.run([sys.executable, kit / "build.py", *options], check=True, stdout=subprocess.DEVNULL)
    return (kit / "function.zip").read_bytes()


@pytest.mark.parametrize("options", [HERE, ("--postgres", "--python", OTHER)])
def test_the_zip_is_small_and_the_same_each_time(kit: Path, options: tuple[str, ...]) -> None:
    """The AWS SDK is not in it: the runtime has it. With PostgreSQL, only byte code makes it larger."""
    first = build(kit, *options)
    assert len(first) < MOST_BYTES
    assert first == build(kit, *options)
    with zipfile.ZipFile(kit / "function.zip") as archive:
        names = archive.namelist()
    assert {"bundle/bundle.json", "leadpages/handler/aws.py", "apig_wsgi/__init__.py"} <= set(names)
    assert any(name.startswith("psycopg_binary/") for name in names) == ("--postgres" in options)
    left_out = ("boto", "pydantic", "PIL", "bin/", "click", "bundle/files/")
    assert not [name for name in names if name.startswith(left_out) or "dist-info" in name]


def test_byte_code_is_in_the_zip(function: Path) -> None:
    """That of every module, and it holds whatever the time of the file that it is unpacked to."""
    for module in function.rglob("*.py"):
        code = Path(cache_from_source(str(module))).read_bytes()
        assert int.from_bytes(code[4:8], "little") == 0b01, module  # PEP 552: by hash, and not looked at


def test_another_python_is_told_that_it_cannot_compile(kit: Path) -> None:
    """Byte code is one version's alone."""
    command = [sys.executable, str(kit / "build.py"), "--python", OTHER]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert f"Only Python {OTHER} can compile it" in done.stdout
    with zipfile.ZipFile(kit / "function.zip") as archive:
        assert not [name for name in archive.namelist() if name.endswith(".pyc")]


def test_programs_without_comments_are_the_same(kit: Path) -> None:
    """Line by line, so that what a traceback says is true; what this Python cannot read stays as it is."""
    without_comments = runpy.run_path(str(kit / "build.py"))["without_comments"]
    checked = 0
    for package in (leadpages_package, werkzeug, psycopg, dns):
        for file in Path(str(package.__file__)).parent.rglob("*.py"):
            source = file.read_bytes()
            bare = without_comments(source)
            assert undocumented(bare) == undocumented(source), file
            assert bare.count(b"\n") == source.count(b"\n"), file
            checked += 1
    assert checked > 300
    source = b'"""What it is."""\nx = "#"  # a comment\n\n\ndef f():  # two\n    """Nothing.\n\n    More."""  # 3\n'
    assert without_comments(source) == b'"."\nx = "#"\n\n\ndef f():\n    "."\n\n\n'
    for strange in (b"x = ?  # other\n", "# ü\n".encode("latin-1")):
        assert without_comments(strange) == strange


def undocumented(source: bytes) -> str:
    """What a program does."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                first.value = ast.Constant("")
    return ast.dump(tree)


def test_the_template_is_clean(kit: Path) -> None:
    """cfn-lint finds nothing."""
    command = [str(Path(sys.executable).parent / "cfn-lint"), str(kit / "template.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


class Template(yaml.SafeLoader):
    """YAML with the short forms of CloudFormation, of which only the text is read."""


Template.add_multi_constructor("!", lambda loader, suffix, node: getattr(node, "value", None))


def test_the_table_is_as_migrate_makes_it(kit: Path, aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The template and the store know one schema."""
    for name, value in dynamodb_server.ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    template = yaml.load((kit / "template.yaml").read_text(), Template)  # it is a SafeLoader
    written = template["Resources"]["Leads"]["Properties"]
    table = dynamodb_server.new_table(aws).removeprefix("dynamodb://").partition("?")[0]
    client = boto3.client("dynamodb", region_name="eu-central-1", endpoint_url=aws)
    made = client.describe_table(TableName=table)["Table"]
    assert written["KeySchema"] == made["KeySchema"]
    assert attributes(written) == attributes(made)
    assert indexes(written) == indexes(made)
    lasts = client.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    assert written["TimeToLiveSpecification"]["AttributeName"] == lasts["AttributeName"]


def test_the_bucket_is_private(kit: Path, aws: str, bucket: Bucket) -> None:
    """Nobody can make it public, it is encrypted, and what is staged goes by itself, and nothing else."""
    template = yaml.load((kit / "template.yaml").read_text(), Template)
    written = template["Resources"]["Files"]["Properties"]
    assert set(written["PublicAccessBlockConfiguration"].values()) == {True}
    assert "AES256" in str(written["BucketEncryption"])
    assert "VersioningConfiguration" not in written
    (rule,) = written["LifecycleConfiguration"]["Rules"]
    assert timedelta(days=rule["ExpirationInDays"]) > STAGE_WINDOW
    open_files(Bucket(bucket.name)).stage("a.pdf", BytesIO(b"x"))
    (key,) = s3_server.objects(aws, Bucket(bucket.name))
    assert key.startswith(rule["Prefix"])


def test_the_function_has_the_rights_that_it_needs(kit: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And no others in the bucket: it neither reads uploads nor writes gated files."""
    with dynamodb_server.running() as endpoint:
        for name, value in s3_server.environment(endpoint).items():
            monkeypatch.setenv(name, value)
        bucket = Bucket(s3_server.new_bucket(endpoint).name)
        others = s3_server.client(endpoint)
        others.put_object(Bucket=bucket.name, Key=f"gated/guide/{GUIDE.sha256}", Body=PDF)
        key = restricted(kit, bucket, endpoint)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
        files = open_files(bucket)
        files.check()
        for end in (partial(files.settle, "a.pdf"), files.discard, lambda stage: files.delete("a.pdf")):
            end(files.stage("a.pdf", BytesIO(b"x")))
        files.stage("a.pdf", BytesIO(b"x"))
        files.sweep(now() + timedelta(minutes=1))
        gated = files.gated
        assert gated is not None
        assert gated.is_there("guide", GUIDE)
        assert not gated.is_there("other", GUIDE)
        own = boto3.session.Session().client("s3", region_name="eu-central-1", endpoint_url=endpoint)
        # What a signed address may do is what its key may.
        assert own.get_object(Bucket=bucket.name, Key=f"gated/guide/{GUIDE.sha256}")["Body"].read() == PDF
        with pytest.raises(ClientError, match="AccessDenied"):
            own.get_object(Bucket=bucket.name, Key="uploads/a.pdf")
        with pytest.raises(ClientError, match="AccessDenied"):
            own.put_object(Bucket=bucket.name, Key="gated/guide/a", Body=b"")


def restricted(kit: Path, bucket: Bucket, endpoint: str) -> dict[str, str]:
    """A key with the rights in `bucket` that the template gives; from now on, rights are looked at."""
    template = yaml.load((kit / "template.yaml").read_text(), Template)
    policies = template["Resources"]["Function"]["Properties"]["Policies"]
    (statements,) = [policy["Statement"] for policy in policies if isinstance(policy, dict)]
    text = json.dumps({"Version": "2012-10-17", "Statement": statements})
    arn = f"arn:aws:s3:::{bucket.name}"
    policy = text.replace("${Files.Arn}", arn).replace('"Files.Arn"', f'"{arn}"')
    iam = boto3.client("iam", region_name="eu-central-1", endpoint_url=endpoint)
    iam.create_user(UserName="function")
    iam.put_user_policy(UserName="function", PolicyName="template", PolicyDocument=policy)
    key: dict[str, str] = iam.create_access_key(UserName="function")["AccessKey"]
    urllib3.request("POST", f"{endpoint}/moto-api/reset-auth", body=b"0")
    return key


def attributes(table: dict[str, Any]) -> dict[str, str]:
    """The types of the attributes that keys are made of."""
    return {found["AttributeName"]: found["AttributeType"] for found in table["AttributeDefinitions"]}


def indexes(table: dict[str, Any]) -> dict[str, Any]:
    """The keys of the indexes, and what stands in them."""
    return {found["IndexName"]: (found["KeySchema"], found["Projection"]) for found in table["GlobalSecondaryIndexes"]}


@pytest.mark.parametrize("event", [function_url, api_gateway, load_balancer])
def test_a_form_and_its_mail(host: LambdaHost, database_url: str, inbox: tuple[str, Inbox], event: Any) -> None:
    """However the form comes, each event may come three times and counts once; so may that of the schedule."""
    form = event("/f/newsletter", urlencode({"email": "ann@example.com"}), **{"idempotency-key": "k1"})
    answers = [host.invoke(form) for _ in range(3)]
    assert {answer["statusCode"] for answer in answers} == {303}
    headers = {name.lower(): value for name, value in answers[0]["headers"].items()}
    assert headers["location"] == f"{SITE}/thanks/newsletter/"
    with closing(open_store(database_url)) as store:
        assert [lead.email for lead in store.leads()] == ["ann@example.com"]
        assert len(list(store.outbox(("due",)))) == 1
    sent = [host.invoke(SCHEDULE)["sent"] for _ in range(3)]
    assert sent == [1, 0, 0]
    assert [mail["To"] for mail in inbox[1].mails] == ["ann@example.com"]


def test_the_funnel_to_the_file(host: LambdaHost, inbox: tuple[str, Inbox]) -> None:
    """From the form by two mails to the bytes of the file, which is in the bucket alone."""
    host.invoke(function_url("/f/guide", urlencode({"email": "ann@example.com"})))
    host.invoke(SCHEDULE)
    assert host.invoke(function_url(link_in(inbox[1].mails[-1], "/c/"), ""))["statusCode"] == 200
    host.invoke(SCHEDULE)
    event = function_url(link_in(inbox[1].mails[-1], "/d/"), "")
    event["requestContext"]["http"]["method"] = "GET"
    answers = [host.invoke(event) for _ in range(4)]
    assert [answer["statusCode"] for answer in answers] == [302, 302, 302, 404]
    headers = {name.lower(): value for name, value in answers[0]["headers"].items()}
    file = urllib3.request("GET", headers["location"])
    assert (file.status, file.data) == (200, PDF)
    assert file.headers["Content-Disposition"] == "attachment; filename=guide.pdf"


def test_an_upload(host: LambdaHost, database_url: str, bucket: Bucket, aws: str) -> None:
    """Is in the bucket under the name that the answer has, and no stage is left."""
    cv = b"%PDF-1.7 " + bytes(range(256))
    body, kind = urllib3.encode_multipart_formdata({"email": "ann@example.com", "cv": ("cv.pdf", cv)})
    event = function_url("/f/apply", "", **{"content-type": kind})
    event["body"] = b64encode(body).decode()
    assert host.invoke(event)["statusCode"] == 303
    with closing(open_store(database_url)) as store:
        ((_, submission),) = store.submissions()
    uploads = {key: data for key, data in s3_server.objects(aws, bucket).items() if not key.startswith("gated/")}
    assert uploads == {f"uploads/{submission.files[0]}": cv}


def test_a_page(host: LambdaHost) -> None:
    """Text is not encoded."""
    event = function_url("/f/newsletter", "")
    event["requestContext"]["http"]["method"] = "GET"
    answer = host.invoke(event)
    assert (answer["statusCode"], answer["isBase64Encoded"]) == (200, False)
    assert "<form" in answer["body"]


def test_a_schedule_keeps_to_its_time(host: LambdaHost, inbox: tuple[str, Inbox]) -> None:
    """An invocation without time left begins nothing, and the next one does."""
    host.invoke(function_url("/f/newsletter", urlencode({"email": "ann@example.com"})))
    assert host.invoke(SCHEDULE, seconds=0)["sent"] == 0
    assert inbox[1].mails == []
    assert host.invoke(SCHEDULE)["sent"] == 1


def test_another_event(host: LambdaHost) -> None:
    """Is an error for the log, and no mail goes out."""
    host.events.put(({"Records": []}, 60))
    kind, answer = host.answers.get(timeout=15)
    assert (kind, answer["errorType"]) == ("error", "SettingsError")
    assert answer["errorMessage"].startswith("an event with Records: ")


LIGHT = """
import sys, leadpages.handler.aws
print([name for name in ("apig_wsgi", "werkzeug", "smtplib", "boto3", "json", "dataclasses") if name in sys.modules])
"""


def test_importing_the_entry_is_light() -> None:
    """What an event does not need is not loaded for it."""
    done = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
