"""From a place to the files that are kept there."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from leadpages.core.errors import SettingsError
from leadpages.core.settings import Bucket
from leadpages.stores.files.protocol import Files


def open_files(place: Path | Bucket) -> Files:
    """What keeps files in a folder or a bucket. Neither is touched by this.

    Raises SettingsError where a bucket needs what is not installed.
    """
    if isinstance(place, Path):
        from leadpages.stores.files.folder import FolderFiles

        return FolderFiles(place)
    if find_spec("boto3") is None:
        raise SettingsError("files in S3 need a package that is not installed", "pip install boto3")
    from leadpages.stores.files.s3 import S3Files

    return S3Files(place)
