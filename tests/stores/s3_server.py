"""Buckets on moto's server."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import boto3.session
from tests.stores import dynamodb_server

from leadpages.core.settings import Bucket


def environment(endpoint: str) -> dict[str, str]:
    """The variables by which S3 is found at `endpoint`."""
    return {**dynamodb_server.ENVIRONMENT, "AWS_ENDPOINT_URL_S3": endpoint, "AWS_REGION": "eu-central-1"}


def client(endpoint: str) -> Any:
    """One that is not ours."""
    keys = dynamodb_server.ENVIRONMENT
    session = boto3.session.Session(keys["AWS_ACCESS_KEY_ID"], keys["AWS_SECRET_ACCESS_KEY"])
    return session.client("s3", region_name="eu-central-1", endpoint_url=endpoint)


def new_bucket(endpoint: str) -> Bucket:
    """A place in an empty bucket."""
    bucket = Bucket(f"files-{uuid4().hex}", "site/")
    where = {"LocationConstraint": "eu-central-1"}
    client(endpoint).create_bucket(Bucket=bucket.name, CreateBucketConfiguration=where)
    return bucket


def objects(endpoint: str, bucket: Bucket) -> dict[str, bytes]:
    """All that is in a bucket, by key without the prefix."""
    s3 = client(endpoint)
    keys = [found["Key"] for found in s3.list_objects_v2(Bucket=bucket.name).get("Contents", ())]
    return {key.removeprefix(bucket.prefix): s3.get_object(Bucket=bucket.name, Key=key)["Body"].read() for key in keys}
