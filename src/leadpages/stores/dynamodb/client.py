"""The client of DynamoDB."""

from __future__ import annotations

import re
from typing import Any, Final, Protocol
from urllib.parse import parse_qsl, urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from leadpages.core.errors import SettingsError

_URL: Final = re.compile(r"dynamodb://([A-Za-z0-9_.-]{3,255})/?(\?.*)?")


class Client(Protocol):
    """What is used of boto3's client."""

    def get_item(self, **arguments: Any) -> dict[str, Any]: ...
    def batch_get_item(self, **arguments: Any) -> dict[str, Any]: ...
    def query(self, **arguments: Any) -> dict[str, Any]: ...
    def scan(self, **arguments: Any) -> dict[str, Any]: ...
    def update_item(self, **arguments: Any) -> dict[str, Any]: ...
    def transact_write_items(self, **arguments: Any) -> dict[str, Any]: ...
    def create_table(self, **arguments: Any) -> dict[str, Any]: ...
    def describe_time_to_live(self, **arguments: Any) -> dict[str, Any]: ...
    def update_time_to_live(self, **arguments: Any) -> dict[str, Any]: ...
    def get_waiter(self, waiter_name: str) -> Any: ...
    def close(self) -> None: ...


def connect(url: str) -> tuple[Client, str]:
    """A client for `dynamodb://TABLE?region=…&endpoint=…`, and the name of the table.

    Credentials, and a region that is not named, boto3 finds by itself. Raises SettingsError for any other URL.
    """
    found = _URL.fullmatch(url)
    options = dict(parse_qsl(urlsplit(url).query))
    if not found or options.keys() - {"region", "endpoint"}:
        raise SettingsError(
            "LEADPAGES_DATABASE_URL is no address of a DynamoDB table",
            "expected dynamodb://TABLE?region=REGION, for example dynamodb://leads?region=eu-central-1",
        )
    # Trying again is for `Table`, which knows what may be done twice.
    config = Config(connect_timeout=2, read_timeout=3, retries={"total_max_attempts": 1}, max_pool_connections=32)
    try:
        client: Client = boto3.client(
            "dynamodb", region_name=options.get("region"), endpoint_url=options.get("endpoint"), config=config
        )
    except (BotoCoreError, ValueError) as error:
        raise SettingsError(f"LEADPAGES_DATABASE_URL: {error}", "expected dynamodb://TABLE?region=REGION") from error
    return client, found[1]
