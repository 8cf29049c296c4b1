"""Where Alembic finds the database: given by `storage.schema`, or named by its own command line."""

import os
from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection, TypeDecorator

from storage.engine import open_for_migration
from storage.tables import metadata


def plain_types(kind: str, item: Any, _: AutogenContext) -> str | Literal[False]:
    """A migration outlives our own column types, so it names what they are made of."""
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl_instance!r}"
    return False


def run(connection: Connection) -> None:
    """Every migration up to the wanted one, in the transaction that is open."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=True,
        render_item=plain_types,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    with open_for_migration(os.environ["DATABASE_URL"]).begin() as opened:
        run(opened)
