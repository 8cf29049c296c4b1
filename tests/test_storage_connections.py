"""PostgreSQL ends connections behind our back: whoever comes next notices nothing, or is told so once."""

import psycopg
import pytest
from sqlalchemy import make_url, text

from grants.model import UserId
from storage import engine
from storage.engine import Database
from storage.work import SqlWorks

OTHERS = """
SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
WHERE pid <> pg_backend_pid() AND datname = current_database()
"""

pytestmark = pytest.mark.parametrize("database_kind", ["postgresql"])


@pytest.fixture
def server(database_url: str) -> psycopg.Connection[tuple[bool]]:
    url = make_url(database_url).set(drivername="postgresql")
    return psycopg.connect(url.render_as_string(hide_password=False), autocommit=True)


def hangs_up(server: psycopg.Connection[tuple[bool]]) -> None:
    """On everybody else who is connected to this database."""
    with server:
        assert server.execute(OTHERS).fetchall()


@pytest.mark.parametrize("writes", [True, False])
def test_after_a_while_a_connection_is_asked_first(
    database: Database,
    server: psycopg.Connection[tuple[bool]],
    monkeypatch: pytest.MonkeyPatch,
    writes: bool,
) -> None:
    connected = database.writing if writes else database.reading
    with connected() as before:
        first = before.scalar(text("SELECT pg_backend_pid()"))
    hangs_up(server)
    monkeypatch.setattr(engine, "IDLE", 0.0)  # as if that had been

    with connected() as after:
        assert after.scalar(text("SELECT pg_backend_pid()")) != first


def test_of_one_in_use_a_moment_ago_the_loss_is_told_once(
    database: Database, server: psycopg.Connection[tuple[bool]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "IDLE", 1000.0)
    for _ in range(2):
        with database.reading() as connection:
            connection.scalar(text("SELECT 1"))
    hangs_up(server)

    with pytest.raises(Exception, match=r"terminat|closed"), database.reading() as connection:
        connection.scalar(text("SELECT 1"))
    with database.reading() as connection:
        assert connection.scalar(text("SELECT 1")) == 1


def test_who_glances_goes_the_long_way_once(
    database: Database, server: psycopg.Connection[tuple[bool]]
) -> None:
    works, bob = SqlWorks(database), UserId("bob")
    assert works.newest(bob) is not None
    hangs_up(server)

    assert works.newest(bob) is None
    assert works.newest(bob) is not None
