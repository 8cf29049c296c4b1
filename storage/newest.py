"""What is newest, by number alone, asked of the driver itself: SQLAlchemy takes longer over it than the database.

It is most of what there is to be done while somebody who typed `/elevate` waits for a form.
"""

from functools import cached_property
from typing import Any, Final

from sqlalchemy import Engine, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.sql.compiler import SQLCompiler

from grants.model import RequestId, UserId
from grants.records import Newest
from storage.requests import LAST_OF
from storage.tables import requests
from storage.versions import CATALOGUE, POLICIES

ASKED: Final = select(
    POLICIES,
    CATALOGUE,
    LAST_OF.with_only_columns(requests.c.id).scalar_subquery(),
)


class NewestOf:
    """For who only wants to know whether anything has changed."""

    def __init__(self, engine: Engine) -> None:
        """Of the database that this one reads."""
        self._engine = engine

    def __call__(self, user_id: UserId) -> Newest | None:
        """Of this person. None: the database does not say just now."""
        try:
            policies, read, last = self._asked(user_id)
        except (self._engine.dialect.loaded_dbapi.Error, SQLAlchemyError):
            return None
        return Newest(policies or 0, read or 0, RequestId(last) if last else None)

    def _asked(self, user_id: UserId) -> Any:
        connection = self._engine.raw_connection()
        try:
            cursor = connection.cursor()
            cursor.execute(self._compiled.string, self._given(user_id))
            return cursor.fetchone()
        except BaseException:
            connection.invalidate()  # it may be gone: the next one is new
            raise
        finally:
            connection.close()  # into the pool, which ends what it began

    @cached_property
    def _compiled(self) -> SQLCompiler:
        return ASKED.compile(self._engine)

    def _given(self, user_id: UserId) -> Any:
        """As the driver takes it: by name, or in the order of its marks."""
        values = self._compiled.construct_params({"user_id": user_id})
        marks = self._compiled.positiontup
        return values if marks is None else tuple(values[mark] for mark in marks)
