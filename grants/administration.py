"""Where policies are changed, whatever way they come: stored whole, once, and written down."""

from collections.abc import Callable
from dataclasses import dataclass

from grants.differences import differences, is_new
from grants.errors import PoliciesMoved
from grants.model import Actor, Told
from grants.policy import PolicyBook
from grants.ports import Clock
from grants.records import Entry, Notice
from grants.stores import Works
from grants.telling import redraw_homes
from grants.waiting import Still, always


@dataclass(frozen=True, slots=True)
class Administration:
    """Validation comes before; who may is settled before, too."""

    works: Works
    clock: Clock
    wake: Callable[[], None] = lambda: None

    def apply(
        self,
        book: PolicyBook,
        *,
        by: Actor,
        since: int | None = None,
        once: str = "",
        still: Still = always,
    ) -> PolicyBook:
        """Stored as the next version, in one transaction with who changed what, from what to what.

        `since`: the version that the change was made from; PoliciesMoved if there is another by now.
        `once`: what tells this change from all others; a second time nothing is stored, whatever
        holds by then. `still`: whether who made it is who they were. Nothing is stored where nothing
        changes.
        """
        now = self.clock()
        with self.works() as work:
            still(work)
            before = work.policies.current()
            if once and not work.acted.first(once, at=now):
                return before
            if since is not None and before.version != since:
                newest = work.policies.history()[0]
                raise PoliciesMoved(newest.version, newest.by, newest.at, since)
            if not is_new(before, book):
                return before
            after = work.policies.apply(book, by=by.name, at=now, since=before.version)
            changes = differences(before, after)
            work.journal.write(
                Entry(
                    now,
                    "policies.apply",
                    by,
                    before=str(before.version),
                    after=str(after.version),
                    facts={"version": after.version, "changes": changes},
                )
            )
            if after.settings.audit_channel or before.settings.audit_channel:
                told = {"kind": "policies", "by": by.name, "version": after.version,
                        "changes": changes}  # fmt: skip
                work.outbox.put([Notice(Told.AUDIT, None, None, None, told)], at=now)
            redraw_homes(work, at=now)
        self.wake()
        return after
