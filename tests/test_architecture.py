"""The arrangement of the code: which rooms a package has, that import rules name all of them, and which words are out."""

import ast
import configparser
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TypeAlias

import pytest

ROOT = Path(__file__).parents[1]
PRODUCT = (
    "chassis",
    "contracts",
    "scheduling",
    "notifications",
    "identity",
    "services",
    "cli",
    "deploy",
    "benchmarks",
)

# What every service may have; what only one has stands beside its name.
OF_ALL = {"__init__", "__main__", "main", "settings", "metrics", "domain", "migrations"}
WORKER = OF_ALL | {"handlers", "jobs", "store", "messages"}
ROOMS = {
    "services/booking": WORKER | {"clients", "rebuild"},
    "services/notifier": WORKER | {"clients", "planning", "sending", "digests", "preferences"},
    "services/projector": WORKER | {"rebuild", "VIEWS.md"},
    "services/reminders": WORKER | {"firing", "planning", "delegation", "calendars"},
    "services/ingress": OF_ALL - {"migrations"}
    | {"runtime", "routes", "api", "http", "commands", "views", "live", "clients"},
    "services/booking/domain": {"__init__", "model", "free_time", "attendance", "calendars", "series"}
    | {
        "batch",
        "decide",
        "access",
        "transitions",
        "accept",
        "create",
        "update",
        "closing",
        "announcing",
        "weight",
    },
    "cli": {"__init__", "main", "commands", "lazy", "console", "kafka", "describe"}
    | {"stack", "dead_letters", "trace", "transfer", "publish", "http", "operate"},
    "chassis": {
        "__init__",
        "configuration",
        "kafka",
        "topics",
        "database",
        "dead_letters",
        "consuming",
        "schema",
    }
    | {"service", "access", "reasons", "commands", "verdicts", "health", "telemetry", "measured", "retrying"}
    | {"backoff", "clock", "errors", "http", "upkeep", "gc_tuning", "outbound", "sealing"},
}
# The contracts that the chassis may know: the envelope and the topics, but no message.
TECHNICAL_CONTRACTS = {"access", "envelope", "flaws", "flows", "ids", "reading", "topics"}


def packages(top: Path) -> Iterator[Path]:
    """Every package at or below a folder."""
    return (file.parent for file in sorted(top.rglob("__init__.py")))


def entries(folder: Path) -> set[str]:
    """The modules and folders in a package, by name; other files by their file name."""
    found = (path for path in folder.iterdir() if path.name not in ("__pycache__", "py.typed"))
    return {path.stem if path.suffix == ".py" else path.name for path in found if _counts(path)}


def _counts(path: Path) -> bool:
    return path.is_file() or any(path.rglob("*.py"))


@cache
def rules() -> configparser.ConfigParser:
    """`.importlinter`."""
    parser = configparser.ConfigParser()
    parser.read(ROOT / ".importlinter")
    return parser


def listed(section: str, key: str) -> set[str]:
    """The values of a key of `.importlinter` that has one in each line."""
    return set(rules().get(section, key, fallback="").split())


def contracts_of_type(kind: str) -> list[str]:
    """The sections of `.importlinter` with contracts of a type."""
    return [name for name in rules().sections() if rules().get(name, "type", fallback="") == kind]


@pytest.mark.parametrize("package", ROOMS)
def test_a_package_has_only_the_rooms_of_its_list(package: str) -> None:
    assert entries(ROOT / package) - ROOMS[package] == set(), (
        "a new file goes into a room, or the list is changed"
    )


@pytest.mark.parametrize("package", ROOMS)
def test_the_list_of_a_package_names_nothing_that_is_gone(package: str) -> None:
    assert ROOMS[package] - entries(ROOT / package) == set()


def test_every_service_has_a_list() -> None:
    services = {
        f"services/{path.name}" for path in (ROOT / "services").iterdir() if (path / "__init__.py").exists()
    }
    assert services <= ROOMS.keys()


def test_the_import_rules_name_every_top_level_package() -> None:
    tops = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    assert tops == listed("importlinter", "root_packages") == set(PRODUCT)


def test_the_import_rules_hold_the_direction_in_every_package_with_rooms() -> None:
    layered: set[str] = set()
    for section in contracts_of_type("layers"):
        assert rules().getboolean(section, "exhaustive"), section
        layered |= listed(section, "containers")
    assert {package.replace("/", ".") for package in ROOMS} <= layered


def test_no_service_is_left_out_of_the_rule_that_they_are_independent() -> None:
    services = {package.replace("/", ".") for package in ROOMS if re.fullmatch(r"services/\w+", package)}
    assert listed("importlinter:contract:independent-services", "modules") == services


def test_the_chassis_is_forbidden_every_contract_of_business() -> None:
    business = {f"contracts.{name}" for name in _modules(ROOT / "contracts") - TECHNICAL_CONTRACTS}
    forbidden = listed("importlinter:contract:chassis", "forbidden_modules")
    assert business == {name for name in forbidden if name.startswith("contracts.")}


def _modules(package: Path) -> set[str]:
    folders = {path.parent.name for path in package.glob("*/__init__.py")}
    return folders | {path.stem for path in package.glob("*.py")} - {"__init__"}


@pytest.mark.parametrize("top", ["chassis", "contracts", "services", "cli"])
def test_every_room_says_in_one_line_what_it_holds(top: str) -> None:
    without = [
        str(package.relative_to(ROOT))
        for package in packages(ROOT / top)
        if "migrations" not in package.parts
        if not ast.get_docstring(ast.parse((package / "__init__.py").read_text()))
    ]
    assert without == []


@cache
def trees() -> list[tuple[str, ast.Module]]:
    """The syntax trees of all our files, with the path of each."""
    files = [file for top in (*PRODUCT, "tests") for file in sorted((ROOT / top).rglob("*.py"))]
    return [(str(file.relative_to(ROOT)), ast.parse(file.read_text())) for file in files]


Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def _binds(function: Function) -> bool:
    """Whether the function has an argument or a local named `told` or `said`."""
    names = {node.arg for node in ast.walk(function.args) if isinstance(node, ast.arg)}
    body = function.body if isinstance(function.body, list) else [function.body]
    stored = (node for part in body for node in ast.walk(part) if isinstance(node, ast.Name))
    names |= {node.id for node in stored if isinstance(node.ctx, ast.Store)}
    return bool(names & {"told", "said"})


def test_no_local_is_named_told_or_said() -> None:
    found = [
        f"{path}:{node.lineno}"
        for path, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, Function) and _binds(node)
    ]
    assert found == [], "name the thing: event, row, outcome"


def test_no_docstring_begins_with_what_or_who() -> None:
    found = [
        f"{path}: {docstring.splitlines()[0]}"
        for path, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        if re.match(r"(What|Who)\b", docstring := ast.get_docstring(node) or "")
    ]
    assert found == [], "begin with the subject"
