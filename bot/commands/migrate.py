"""`migrate`: the schema."""

import click

from bot.commands import ground
from storage import schema


@click.command()
def migrate() -> None:
    """Bring the database to this version's schema. Safe to repeat."""
    schema.migrate(ground.settings().database_url)
    click.echo(f"The database is at schema {', '.join(sorted(schema.heads()))}.")
