"""Uploads and gated files in an S3 bucket, or in one of the same kind elsewhere."""

from __future__ import annotations

import hashlib
import io
import os
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import IO, Any, Final, Protocol

from leadpages.core.errors import StorageBusy, StorageError, StorageFull
from leadpages.core.forms import GatedFile
from leadpages.core.ids import new_id
from leadpages.core.settings import Bucket
from leadpages.stores.files.protocol import GatedState, OnBytes

#: For how long the address of a gated file is good: for the redirect, and a download that is tried again.
ADDRESS_VALID_S: Final = 300
_CHUNK: Final = 1024 * 1024
_ENDPOINTS: Final = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")


class Client(Protocol):
    """What is used of boto3's client."""

    @property
    def meta(self) -> Any: ...
    def put_object(self, **arguments: Any) -> dict[str, Any]: ...
    def copy_object(self, **arguments: Any) -> dict[str, Any]: ...
    def head_object(self, **arguments: Any) -> dict[str, Any]: ...
    def get_object(self, **arguments: Any) -> dict[str, Any]: ...
    def delete_object(self, **arguments: Any) -> dict[str, Any]: ...
    def list_objects_v2(self, **arguments: Any) -> dict[str, Any]: ...
    def get_paginator(self, operation_name: str) -> Any: ...
    def generate_presigned_url(self, operation: str, **arguments: Any) -> str: ...


class _Connection:
    """The objects below a bucket's prefix. The client is made when it is first needed: most requests need none."""

    def __init__(self, bucket: Bucket) -> None:
        self.bucket = bucket
        self._turn = Lock()

    @property
    def client(self) -> Client:
        """One for all threads."""
        with self._turn:
            return self._client

    @cached_property
    def _client(self) -> Client:
        import boto3.session
        from botocore.config import Config

        # Amazon's addresses name the bucket and the region, or a signed one is good only after a while, in old regions.
        elsewhere = any(os.environ.get(name) for name in _ENDPOINTS)
        config = Config(
            connect_timeout=3,
            read_timeout=5,
            retries={"mode": "standard", "total_max_attempts": 2},
            max_pool_connections=32,
            signature_version="s3v4",
            s3={"addressing_style": "auto" if elsewhere else "virtual"},
        )
        # A session of its own: boto3's is not for several threads.
        session = boto3.session.Session(region_name=os.environ.get("AWS_REGION"))
        if session.region_name is None and not elsewhere:
            raise StorageError(f"{self.bucket}: it is not said in which region it is", "set AWS_REGION")
        client: Client = session.client("s3", config=config)
        return client

    def key(self, *parts: str) -> dict[str, str]:
        """The bucket and a key in it, as arguments."""
        return {"Bucket": self.bucket.name, "Key": self.bucket.prefix + "/".join(parts)}

    def head(self, arguments: dict[str, str]) -> dict[str, Any] | None:
        """What is known of an object; None when it is not there."""
        from botocore.exceptions import ClientError

        with self.faults():
            try:
                return self.client.head_object(**arguments, ChecksumMode="ENABLED")
            except ClientError as error:
                if _status(error) == 404:
                    return None
                raise

    def listed(self, prefix: str) -> Iterator[tuple[dict[str, str], datetime]]:
        """The objects whose keys begin so, and when they were written."""
        asked = self.key(prefix)
        with self.faults():
            pages = self.client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=asked["Bucket"], Prefix=asked["Key"]):
                for found in page.get("Contents", ()):
                    yield {"Bucket": self.bucket.name, "Key": found["Key"]}, found["LastModified"]

    def delete(self, arguments: dict[str, str]) -> None:
        """Delete an object, if it is there."""
        with self.faults():
            self.client.delete_object(**arguments)

    @contextmanager
    def faults(self) -> Iterator[None]:
        """Give every fault of S3 its place in our tree."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except ClientError as error:
            status = _status(error)
            fault = {503: StorageBusy, 507: StorageFull}.get(status, StorageError)
            told = error.response["Error"]
            raise fault(f"{self.bucket}: {told.get('Code', status)}: {told.get('Message', '')}") from error
        except BotoCoreError as error:
            raise StorageError(f"{self.bucket}: {error}") from error


class S3Files:
    """The `Files` protocol on a bucket: `uploads/NAME`, `staged/NAME/ID`."""

    def __init__(self, bucket: Bucket) -> None:
        self._s3 = _Connection(bucket)
        self.gated = S3GatedFiles(self._s3)

    def stage(self, name: str, content: IO[bytes]) -> str:
        """See `Files`."""
        stage = f"{name}/{new_id()}"
        digest = hashlib.sha256()
        while chunk := content.read(_CHUNK):
            digest.update(chunk)
        content.seek(0)
        checksum = b64encode(digest.digest()).decode()
        with self._s3.faults():
            self._s3.client.put_object(**self._s3.key("staged", stage), Body=content, ChecksumSHA256=checksum)
        return stage

    def settle(self, name: str, stage: str) -> None:
        """See `Files`."""
        staged, kept = self._s3.key("staged", stage), self._s3.key("uploads", name)
        with self._s3.faults():
            self._s3.client.copy_object(**kept, CopySource=staged)
        if self._s3.head(staged) is None:  # deleted while it was copied, perhaps after `kept` was
            self._s3.delete(kept)
            raise StorageError(f"{self}: an upload was erased while it came in")
        self._s3.delete(staged)

    def discard(self, stage: str) -> None:
        """See `Files`."""
        self._s3.delete(self._s3.key("staged", stage))

    def delete(self, name: str) -> None:
        """See `Files`."""
        # The stages first: who settles one sees then that it is gone.
        for staged, _ in self._s3.listed(f"staged/{name}/"):
            self._s3.delete(staged)
        self._s3.delete(self._s3.key("uploads", name))

    def sweep(self, before: datetime) -> None:
        """See `Files`."""
        for staged, written_at in self._s3.listed("staged/"):
            if written_at < before:
                self._s3.delete(staged)

    def names(self) -> Iterator[str]:
        """See `Files`."""
        for kept, _ in self._s3.listed("uploads/"):
            yield kept["Key"].rpartition("/")[2]

    def check(self) -> None:
        """See `Files`."""
        with self._s3.faults():
            self._s3.client.list_objects_v2(Bucket=self._s3.bucket.name, MaxKeys=1)

    def __str__(self) -> str:
        """For people."""
        return str(self._s3.bucket)


class S3GatedFiles:
    """The `GatedFiles` protocol: `gated/FORM/SHA256`."""

    def __init__(self, s3: _Connection) -> None:
        self._s3 = s3

    def state(self, form: str, file: GatedFile) -> GatedState:
        """See `GatedFiles`."""
        key = self._key(form, file)
        found = self._s3.head(key)
        if found is None:
            return "missing"
        # Not every bucket knows checksums, and one of several parts is of another kind.
        known = found.get("ChecksumSHA256", "")
        same = known == _as_checksum(file) if known and "-" not in known else self._digest(key) == file.sha256
        return "there" if same else "other bytes"

    def is_there(self, form: str, file: GatedFile) -> bool:
        """See `GatedFiles`."""
        found = self._s3.head(self._key(form, file))
        return found is not None and found["ContentLength"] == file.size

    def put(self, form: str, file: GatedFile, source: Path, on_bytes: OnBytes) -> None:
        """See `GatedFiles`."""
        with self._s3.faults(), _Counted(source, on_bytes) as body:
            self._s3.client.put_object(
                **self._key(form, file), Body=body, ContentType=file.media_type, ChecksumSHA256=_as_checksum(file)
            )

    def address(self, form: str, file: GatedFile, disposition: str) -> str:
        """See `GatedFiles`."""
        shown = {"ResponseContentType": file.media_type, "ResponseContentDisposition": disposition}
        with self._s3.faults():
            return self._s3.client.generate_presigned_url(
                "get_object",
                Params={**self._key(form, file), **shown, "ResponseCacheControl": "private, no-store"},
                ExpiresIn=ADDRESS_VALID_S,
            )

    def _key(self, form: str, file: GatedFile) -> dict[str, str]:
        return self._s3.key("gated", form, file.sha256)

    def _digest(self, key: dict[str, str]) -> str:
        digest = hashlib.sha256()
        with self._s3.faults():
            for chunk in self._s3.client.get_object(**key)["Body"].iter_chunks(_CHUNK):
                digest.update(chunk)
        return digest.hexdigest()


class _Counted(io.FileIO):
    """A file that tells how far it is read."""

    def __init__(self, path: Path, on_bytes: OnBytes) -> None:
        super().__init__(path)
        self._on_bytes = on_bytes

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self._on_bytes(self.tell())
        return data


def _as_checksum(file: GatedFile) -> str:
    return b64encode(bytes.fromhex(file.sha256)).decode()


def _status(error: Any) -> int:
    status: int = error.response["ResponseMetadata"]["HTTPStatusCode"]
    return status
