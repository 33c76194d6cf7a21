"""No migration breaks the release that is still running beside it, unless it says which release stopped using what it takes away.

See docs/migrations.md. The SQL of each revision after the baseline is read by squawk.
"""

import importlib.util
import io
import json
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext

ROOT = Path(__file__).parents[2]
FOLDERS = {
    "chassis": ROOT / "chassis/schema/versions",
    **{path.parent.parent.name: path for path in sorted(ROOT.glob("services/*/migrations/versions"))},
}
BASELINE = {
    "chassis": "0001",
    "booking": "0007",
    "notifier": "0007",
    "projector": "0005",
    "reminders": "0004",
}
"""The newest revisions when the rule was made: nothing older was ever in use beside a release before it."""

BREAKS = frozenset(
    (
        "adding-field-with-default",
        "adding-foreign-key-constraint",
        "adding-not-nullable-field",
        "adding-required-field",
        "adding-serial-primary-key-field",
        "ban-drop-column",
        "ban-drop-constraint",
        "ban-drop-database",
        "ban-drop-table",
        "ban-truncate-cascade",
        "changing-column-type",
        "constraint-missing-not-valid",
        "disallowed-unique-constraint",
        "renaming-column",
        "renaming-table",
        "require-concurrent-index-creation",
        "require-concurrent-index-deletion",
        "syntax-error",
        "transaction-nesting",
        "ban-concurrent-index-creation-in-transaction",
    )
)
CONTRACTS = re.compile(r"\d+\.\d+\.\d+: \S.{10,}")
"""`contracts = "0.3.0: no process reads preferences.email any more"`: the release from which on it is so."""


@dataclass(frozen=True, slots=True)
class Revision:
    """One migration: its file, and its SQL as PostgreSQL gets it."""

    service: str
    path: Path
    module: ModuleType

    @property
    def sql(self) -> str:
        written = io.StringIO()
        context = MigrationContext.configure(
            dialect_name="postgresql", opts={"as_sql": True, "output_buffer": written}
        )
        with context.begin_transaction(), Operations.context(context):
            self.module.upgrade()
        return written.getvalue()


def _revisions() -> list[Revision]:
    found = [
        Revision(service, path, _loaded(path))
        for service, folder in FOLDERS.items()
        for path in sorted(folder.glob("[0-9]*.py"))
    ]
    return [one for one in found if one.module.revision > BASELINE[one.service]]


def _loaded(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"migration_{path.parent.parent.name}_{path.stem}", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _complaints(sql: str) -> list[tuple[str, str]]:
    """The rules that this SQL breaks, of those that matter here, each with squawk's sentence."""
    squawk = Path(sys.executable).with_name("squawk")
    answer = subprocess.run(
        [squawk, "--reporter", "json", "--pg-version", "16.0", "--stdin-filepath", "migration.sql"],
        input=sql,
        capture_output=True,
        text=True,
        check=False,
    )
    found = json.loads(answer.stdout)
    return [(item["rule_name"], item["message"]) for item in found if item["rule_name"] in BREAKS]


@pytest.mark.parametrize("revision", _revisions(), ids=lambda one: f"{one.service} {one.path.stem}")
def test_a_migration_leaves_the_running_release_alone_or_says_why_it_may_not(revision: Revision) -> None:
    marked = getattr(revision.module, "contracts", None)
    complaints = _complaints(revision.sql)
    if marked is None:
        assert not complaints, "expand first; see docs/migrations.md"
        return
    assert CONTRACTS.fullmatch(marked), '`contracts` is "RELEASE: what nobody uses any more"'
    assert complaints, "it takes nothing away, so it needs no mark"


def test_every_baseline_is_a_revision() -> None:
    assert BASELINE.keys() == FOLDERS.keys()
    for service, revision in BASELINE.items():
        assert list(FOLDERS[service].glob(f"{revision}_*.py")), service


@pytest.mark.parametrize(
    ("sql", "rules"),
    [
        ("ALTER TABLE people DROP COLUMN name;", ["ban-drop-column"]),
        ("DROP TABLE people;", ["ban-drop-table"]),
        ("ALTER TABLE people RENAME COLUMN name TO title;", ["renaming-column"]),
        ("ALTER TABLE people RENAME TO persons;", ["renaming-table"]),
        ("ALTER TABLE people ALTER COLUMN name SET NOT NULL;", ["adding-not-nullable-field"]),
        ("ALTER TABLE people ADD COLUMN age integer NOT NULL;", ["adding-required-field"]),
        ("ALTER TABLE people ALTER COLUMN age TYPE bigint;", ["changing-column-type"]),
        ("ALTER TABLE people DROP CONSTRAINT people_pkey;", ["ban-drop-constraint"]),
        ("ALTER TABLE people ADD CONSTRAINT old CHECK (age > 7);", ["constraint-missing-not-valid"]),
        ("CREATE INDEX by_age ON people (age);", ["require-concurrent-index-creation"]),
        ("this is not SQL;", ["syntax-error"]),
    ],
)
def test_what_breaks_an_older_process_is_noticed(sql: str, rules: Sequence[str]) -> None:
    assert {rule for rule, _ in _complaints(sql)} == set(rules)


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE people ADD COLUMN age integer;",
        "ALTER TABLE people ADD COLUMN age integer NOT NULL DEFAULT 0;",
        "BEGIN; CREATE TABLE pets (id uuid PRIMARY KEY, name text); CREATE INDEX by_name ON pets (name); COMMIT;",
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS by_age ON people (age);",
        "ALTER TABLE people ADD CONSTRAINT old CHECK (age > 7) NOT VALID;",
    ],
)
def test_what_an_older_process_does_not_notice_is_allowed(sql: str) -> None:
    assert _complaints(sql) == []


@pytest.mark.parametrize(
    ("mark", "good"),
    [
        ("0.3.0: no process reads preferences.email any more", True),
        ("because I say so", False),
        ("0.3.0", False),
    ],
)
def test_a_contract_step_names_the_release(mark: str, good: bool) -> None:
    assert bool(CONTRACTS.fullmatch(mark)) is good
