"""Certificates of the tests' own."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest


def make_certificate(folder: Path, name: str) -> Path:
    """A certificate and its key in one file, for a name like `IP:127.0.0.1`."""
    if not shutil.which("openssl"):
        pytest.fail("openssl is not installed")
    file = folder / "host.pem"
    subject = ["-subj", f"/CN={name.partition(':')[2]}", "-addext", f"subjectAltName={name}"]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *subject, "-keyout", file, "-out", file],
        check=True,
        capture_output=True,
    )
    return file


def server_tls(certificate: Path) -> ssl.SSLContext:
    """What a server with this certificate speaks."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context
