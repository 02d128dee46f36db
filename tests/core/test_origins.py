"""Origins and handler paths, as browsers and requests write them."""

from __future__ import annotations

import pytest

from leadpages.core.urls import is_handler_path, origin


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://www.example.com", "https://www.example.com"),
        ("https://WWW.Example.COM/a/b?c#d", "https://www.example.com"),
        ("https://www.example.com:443/", "https://www.example.com"),
        ("http://www.example.com:80", "http://www.example.com"),
        ("http://www.example.com:443", "http://www.example.com:443"),
        ("https://www.example.com:8443/x", "https://www.example.com:8443"),
        ("http://[::1]:8000/", "http://[::1]:8000"),
        ("https://user:word@www.example.com/", "https://www.example.com"),
    ],
)
def test_an_origin_is_scheme_host_and_odd_port(url: str, expected: str) -> None:
    """What RFC 6454 leaves out is left out, so that equal origins are equal text."""
    assert origin(url) == expected


@pytest.mark.parametrize(
    ("path", "is_handlers"),
    [
        ("/f/guide", True),
        ("/c/x", True),
        ("/d/x", True),
        ("/u/x", True),
        ("/e", True),
        ("/healthz", True),
        ("/", False),
        ("/f", False),
        ("/e/", False),
        ("/events", False),
        ("/feed.xml", False),
    ],
)
def test_handler_paths_are_few(path: str, is_handlers: bool) -> None:
    """Everything else is the site's."""
    assert is_handler_path(path) is is_handlers
