"""A wheel of the side of Leadpages that runs, for hosts that build nothing."""

from __future__ import annotations

import base64
import hashlib
import io
import re
import zipfile
from importlib.metadata import metadata
from pathlib import Path
from typing import Final

import leadpages

PARTS: Final = ("cli", "core", "delivery", "handler", "leads", "preview", "stores")
_EXTRAS: Final = ("aws", "postgres", "sqlite")
_NEEDS: Final = (
    "click",
    "disposable-email-domains",
    "dnspython",
    "email-validator",
    "itsdangerous",
    "jinja2",
    "markupsafe",
    "urllib3",
    "werkzeug",
)
#: The earliest time that a zip file knows: the same sources give the same bytes.
_LONG_AGO: Final = (1980, 1, 1, 0, 0, 0)

NAME: Final = f"leadpages-{leadpages.__version__}-py3-none-any.whl"


def running_wheel() -> bytes:
    """The code of this installation without the build, which requires no more than that needs.

    See https://packaging.python.org/en/latest/specifications/binary-distribution-format/.
    """
    info = f"leadpages-{leadpages.__version__}.dist-info"
    files = {
        **_code(),
        f"{info}/METADATA": _metadata().encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: leadpages\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": b"[console_scripts]\nleadpages = leadpages.cli.main:main\n",
    }
    record = "".join(f"{path},sha256={_digest(content)},{len(content)}\n" for path, content in files.items())
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(zipfile.ZipInfo(path, _LONG_AGO), content, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def _code() -> dict[str, bytes]:
    package = Path(leadpages.__file__).parent
    found = [package / "__init__.py", package / "py.typed"]
    found += [file for part in PARTS for file in (package / part).rglob("*") if file.suffix in (".py", ".sql")]
    return {f"leadpages/{file.relative_to(package).as_posix()}": file.read_bytes() for file in sorted(found)}


def _metadata() -> str:
    installed = metadata("leadpages")
    lines = ["Metadata-Version: 2.3", "Name: leadpages", f"Version: {leadpages.__version__}"]
    lines += [f"Requires-Python: {installed['Requires-Python']}", *(f"Provides-Extra: {extra}" for extra in _EXTRAS)]
    needed = [line for line in installed.get_all("Requires-Dist", []) if _is_needed(line)]
    return "\n".join([*lines, *(f"Requires-Dist: {line}" for line in needed)]) + "\n"


def _is_needed(requirement: str) -> bool:
    name, _, condition = requirement.partition(";")
    if condition:
        found = re.search(r"""extra\s*==\s*["'](\w+)["']""", condition)
        return found is not None and found[1] in _EXTRAS
    found = re.match(r"[\w.-]+", name)
    return found is not None and found[0].lower() in _NEEDS


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
