"""Indexes that a migration builds while the table is written to."""

from alembic import op


def create_index(name: str, on: str, *, schema: str = "public") -> None:
    """Build the index `name` of `schema` concurrently; `on` is the table and the rest of CREATE INDEX.

    An index that an interrupted attempt has left behind, which PostgreSQL maintains and never uses, is built again. It
    waits without a limit for the transactions that are open, because nothing waits for it. In a revision
    of its own: it is committed at once.
    """
    context = op.get_context()
    with context.autocommit_block():
        op.execute("SET lock_timeout = 0")
        if not context.as_sql and op.get_bind().exec_driver_sql(_INVALID.format(schema, name)).scalar():
            op.execute(f"DROP INDEX CONCURRENTLY {schema}.{name}")
        op.execute(f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {on}")
        op.execute("RESET lock_timeout")


_INVALID = """
    SELECT 1 FROM pg_index WHERE NOT indisvalid AND indexrelid = to_regclass('{0}.{1}')
"""
