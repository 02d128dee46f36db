"""What the holder of an outbox item says of it, and what of that is an attempt: the same for every store."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime

from leadpages.stores.protocol import ItemState, OutboxItem


class HeldItems(ABC):
    """The `mark_…` methods of a `Store`."""

    @abstractmethod
    def _end(self, item: OutboxItem, state: ItemState, reason: str, now: datetime, attempted: int) -> bool:
        """End the item after so many more attempts. False when the lease was lost to another worker."""

    @abstractmethod
    def _put_off(self, item: OutboxItem, reason: str, due_at: datetime, attempted: int) -> bool:
        """Let the item be due at `due_at`, after so many more attempts. False as for `_end`."""

    def mark_sent(self, item: OutboxItem, now: datetime) -> bool:
        """See `Store`."""
        return self._end(item, "sent", "", now, attempted=1)

    def mark_ended(self, item: OutboxItem, state: ItemState, reason: str, now: datetime) -> bool:
        """See `Store`."""
        return self._end(item, state, reason, now, attempted=0 if state == "cancelled" else 1)

    def mark_retry(self, item: OutboxItem, error: str, due_at: datetime) -> bool:
        """See `Store`."""
        return self._put_off(item, error, due_at, attempted=1)

    def mark_released(self, item: OutboxItem) -> bool:
        """See `Store`."""
        return self._put_off(item, "", item.created_at, attempted=0)
