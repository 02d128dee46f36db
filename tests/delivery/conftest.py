"""The handler's small site, for its mails."""

from tests.handler.conftest import bundle, funnel

__all__ = ["bundle", "funnel"]
