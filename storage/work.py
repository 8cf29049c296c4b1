"""The unit of work: one transaction, and all that is remembered within reach."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from grants.model import Catalogue, Request
from grants.policy import PolicyBook
from grants.records import Entry
from storage.acted import SqlActed
from storage.activities import SqlActivities
from storage.assignments import SqlAssignments
from storage.catalogue import SqlCatalogue
from storage.copies import SqlCopies
from storage.cuts import SqlCuts
from storage.engine import Database
from storage.figures import SqlFigures
from storage.forwards import SqlForwards
from storage.homes import SqlHomes
from storage.journal import SqlJournal
from storage.kept import Kept
from storage.newest import NewestOf
from storage.outbox import SqlOutbox
from storage.people import SqlPeople
from storage.policies import SqlPolicies
from storage.processes import SqlProcesses
from storage.proofs import SqlProofs
from storage.refreshes import SqlRefreshes
from storage.requests import SqlRequests
from storage.sweeps import SqlSweeps
from storage.told_lines import SqlToldLines
from storage.versions import SeenVersions
from storage.votes import SqlVotes

Hears = Callable[[Entry, Request | None], object]
"""Told of each line of the journal once it is committed, with the request's row if that changed."""


class SqlWork:
    """`grants.stores.Work`."""

    def __init__(self, db: Connection, books: Kept[PolicyBook], read: Kept[Catalogue]) -> None:
        versions = SeenVersions(db)
        self.requests = SqlRequests(db)
        self.votes = SqlVotes(db)
        self.assignments = SqlAssignments(db)
        self.outbox = SqlOutbox(db)
        self.copies = SqlCopies(db)
        self.told_lines = SqlToldLines(db)
        self.journal = SqlJournal(db)
        self.policies = SqlPolicies(db, books, versions)
        self.people = SqlPeople(db)
        self.acted = SqlActed(db)
        self.proofs = SqlProofs(db)
        self.homes = SqlHomes(db)
        self.catalogue = SqlCatalogue(db, read, versions)
        self.activities = SqlActivities(db)
        self.processes = SqlProcesses(db)
        self.sweeps = SqlSweeps(db)
        self.refreshes = SqlRefreshes(db)
        self.forwards = SqlForwards(db)
        self.cuts = SqlCuts(db)
        self.figures = SqlFigures(db)


class SqlWorks:
    """Opens a fresh unit of work on every call, so that threads never share one."""

    def __init__(self, database: Database, hears: Hears = lambda *_: None) -> None:
        self._database = database
        self._hears = hears
        self.newest = NewestOf(database.glances)
        self._books: Kept[PolicyBook] = Kept()
        self._catalogues: Kept[Catalogue] = Kept()

    @contextmanager
    def __call__(self) -> Iterator[SqlWork]:
        """Leaving commits, raising rolls back."""
        with self._database.writing() as connection:
            work = self._work(connection)
            yield work
            work.journal.flush()
        for entry in work.journal.written:
            request = work.requests.saved.get(entry.request_id) if entry.request_id else None
            self._hears(entry, request)

    @contextmanager
    def reading(self) -> Iterator[SqlWork]:
        """One that only reads; what it writes all the same is an error."""
        with self._database.reading() as connection:
            work = self._work(connection)
            yield work
            work.journal.flush()

    def forget_leases(self) -> None:
        """Of a process that is no more: only where this one is known to be alone (embedded)."""
        with self() as work:
            work.assignments.forget_leases()
            work.outbox.forget_leases()
            work.forwards.forget_leases()
            work.cuts.forget_leases()
            work.refreshes.forget_leases()

    def _work(self, connection: Connection) -> SqlWork:
        return SqlWork(connection, self._books, self._catalogues)
