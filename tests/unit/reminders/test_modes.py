"""The two modes of reminders are behind one interface."""

import ast
from pathlib import Path

from services.reminders import delegation
from services.reminders.delegation.mode import OWN, DelegatedReminders, mode_of

DELEGATION = "services.reminders.delegation"


def imported(file: Path) -> set[str]:
    """Return the modules of the delegated mode that a file imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {name for name in found if name.startswith(DELEGATION)}


def test_only_the_wiring_knows_more_of_the_delegated_mode_than_its_interface() -> None:
    package = Path(delegation.__file__).parent
    service = package.parent
    others = [
        file
        for file in sorted(service.rglob("*.py"))
        if package not in file.parents and file != service / "main.py"
    ]
    users = {str(file.relative_to(service)): modules for file in others if (modules := imported(file))}
    assert users.keys() == {"handlers.py", "planning/replanning.py"}
    assert all(name.startswith(f"{DELEGATION}.mode") for modules in users.values() for name in modules)


def test_the_setting_selects_the_mode() -> None:
    assert mode_of("own") is OWN
    assert isinstance(mode_of("delegated"), DelegatedReminders)
    assert mode_of("delegated").hands_over
    assert not OWN.hands_over
