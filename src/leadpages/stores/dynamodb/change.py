"""What is done to one lead at once."""

from __future__ import annotations

from collections.abc import Sequence

from leadpages.leads.model import Delivery
from leadpages.stores.dynamodb.items import due_name, lead_key, new_outbox_row, stored_outbox
from leadpages.stores.dynamodb.table import MOST_WRITES, Table, Write, put, unchanged
from leadpages.stores.dynamodb.wire import Item, Key


class Change:
    """A change of a lead and of what belongs to it, which hangs on the lead being as it was read.

    So each lead is the lock of all that belongs to it. What is queued but does not fit into one transaction, the lead
    owes: it is due itself then, and whoever claims it commits it once more, which queues the rest.
    """

    def __init__(self, pk: str, seen: Item | None) -> None:
        self._key, self._seen = lead_key(pk), seen
        self.lead: Item | None = dict(seen) if seen else None
        self._writes: list[Write] = []

    def add(self, write: Write) -> None:
        """Let this be a part of the change."""
        self._writes.append(write)

    def log(self, at: str, kind: str, form: str = "", detail: str = "") -> None:
        """Add a line to the history, if there is a lead."""
        if self.lead is not None:
            self.lead["events"] += 1
            event = {"at": at, "kind": kind, "form": form, "detail": detail}
            self.add(put({"pk": self._key[0], "sk": f"event#{self.lead['events']:09}", **event}))

    def queue(self, submission_id: str, form: str, deliveries: Sequence[Delivery], at: str) -> None:
        """Owe the lead these deliveries."""
        if self.lead is not None:
            self.lead["owed"] = [
                *self.lead["owed"],
                *([submission_id, form, one.channel, one.name, one.happening, at] for one in deliveries),
            ]

    def count_in(self, submission: Item) -> None:
        """Let `submission` be one of the lead's."""
        if self.lead is None:
            return
        form, at, id_ = submission["form"], submission["received_at"], submission["id"]
        forms, waiting = self.lead["forms"], self.lead["waiting"]
        self.lead["forms"] = {**forms, form: forms.get(form, 0) + 1}
        self.lead["downloads"] += submission["downloads"]
        if submission["waiting"]:
            now = {"form": form, "since": at, "at": at, "id": id_}
            for before in (one for one in waiting if one["form"] == form):
                last = max(now, before, key=lambda one: (one["at"], one["id"]))
                now = {**last, "since": min(at, before["since"])}
            others = [one for one in waiting if one["form"] != form]
            self.lead["waiting"] = sorted([*others, now], key=lambda one: (one["since"], one["id"]))

    def count_out(self, submission: Item) -> None:
        """The inverse of `count_in`, if it was in."""
        if self.lead is None or submission["quarantined_for"]:
            return
        forms = dict(self.lead["forms"])
        forms[submission["form"]] -= 1
        self.lead["forms"] = {form: count for form, count in forms.items() if count}
        self.lead["downloads"] -= submission["downloads"]
        # It goes by age: when the last of a form goes, none that is older is left.
        self.lead["waiting"] = [one for one in self.lead["waiting"] if one["id"] != submission["id"]]
        self.lead["owed"] = [one for one in self.lead["owed"] if one[0] != submission["id"]]

    def commit(self, table: Table) -> list[Item]:
        """Do all of it, or nothing; what was queued. Then there may be a next change.

        Raises Conflict when the lead, or anything else that was seen, has changed.
        """
        queued: list[Item] = []
        if self.lead is None:
            self.add(Write(self._key, self._seen["written_by"]) if self._seen else unchanged(self._key, None))
        else:
            queued = self._settle(self.lead)
            self.add(put(self.lead, self._seen))
        mark = table.write(self._writes)
        self._writes = []
        self._seen = self.lead and {**self.lead, "written_by": mark}
        return queued

    def _settle(self, lead: Item) -> list[Item]:
        # Mails first: what an address was last sent is looked up in the outbox.
        owed = sorted(lead["owed"], key=lambda one: one[2] != "mail")
        room = MOST_WRITES - len(self._writes) - 1
        queued = [stored_outbox(lead["pk"], new_outbox_row(*one)) for one in owed[:room]]
        for item in queued:
            self.add(put(item))
        lead["owed"] = owed[room:]
        lead.pop("due", None)
        lead.pop("due_at", None)
        if lead["owed"]:
            lead |= {"due": due_name(lead["owed"][0][2], lead["id"]), "due_at": lead["owed"][0][5]}
        return queued


def pay(table: Table, key: Key) -> list[Item]:
    """Queue what a lead is owed, as much of it as fits into one transaction; what was queued."""

    def pay() -> list[Item]:
        lead = table.get(key)
        return Change(key[0], lead).commit(table) if lead and lead["owed"] else []

    return table.retrying(pay)
