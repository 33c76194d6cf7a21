"""The image starts: it has every package and file of ours, and needs nothing that it does not install."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from functools import cache
from importlib.metadata import packages_distributions, requires
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
DOCKERFILE = (ROOT / "deploy" / "compose" / "Dockerfile").read_text()
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES = {pattern.rstrip("*") for pattern in PYPROJECT["tool"]["setuptools"]["packages"]["find"]["include"]}


def copied() -> set[str]:
    """The paths of the repository that the Dockerfile copies."""
    lines = re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
    return {source for line in lines for source in line.split()[:-1]}


def commands() -> set[str]:
    """The modules that compose and Kubernetes run, and the image by default."""
    [compose] = yaml.safe_load_all((ROOT / "deploy" / "compose" / "compose.yaml").read_text())
    run = [service["command"] for service in compose["services"].values() if "command" in service]
    for path in (ROOT / "deploy" / "kubernetes").glob("*.yaml"):
        for resource in yaml.safe_load_all(path.read_text()):
            spec: dict[str, Any] = resource.get("spec", {}).get("template", {}).get("spec", {})
            run += [container["args"] for container in spec.get("containers", ())]
    default = re.findall(r'^CMD \["(.+)"\]$', DOCKERFILE, re.MULTILINE)
    return {module for [module] in run} | set(default)


def tracked() -> set[str]:
    """The files of our packages that are in version control."""
    run = ["git", "ls-files", "--", *sorted(PACKAGES)]
    answer = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True)
    return set(answer.stdout.splitlines())


@cache
def not_installed() -> list[str]:
    """The modules here that the image will not have: those of tests and of the local servers."""
    names = {_name(one) for one in PYPROJECT["project"]["dependencies"]}
    found: set[str] = set()
    while names:
        name = names.pop()
        found.add(name)
        extras = set(re.findall(r"[\w-]+", "".join(re.findall(rf"{name}\[(.+?)\]", str(PYPROJECT)))))
        for requirement in _requirements(name):
            wanted = re.search(r"extra == [\"']([\w-]+)[\"']", requirement)
            if (wanted is None or wanted[1] in extras) and _name(requirement) not in found:
                names.add(_name(requirement))
    return sorted(
        module
        for module, owners in packages_distributions().items()
        if module not in PACKAGES and not {_name(owner) for owner in owners} & found
    )


def _name(requirement: str) -> str:
    return re.split(r"[^\w.-]", requirement)[0].lower().replace("_", "-")


def _requirements(name: str) -> list[str]:
    try:
        return requires(name) or []
    except ModuleNotFoundError:  # of another platform or an extra that nobody asked for
        return []


pytestmark = pytest.mark.thorough


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what pip installs of us when it has nothing but what the Dockerfile copies."""
    build = tmp_path_factory.mktemp("build")
    for source in sorted(copied()):
        origin, target = ROOT / source, build / source
        if origin.is_dir():
            shutil.copytree(origin, target, ignore=shutil.ignore_patterns("__pycache__", "results"))
        else:
            shutil.copy(origin, target)
    run = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*run, "--wheel-dir", str(build / "wheels"), "."], cwd=build, check=True)
    [found] = (build / "wheels").glob("appointments-*.whl")
    with zipfile.ZipFile(found) as archive:
        archive.extractall(build / "installed")
    return build / "installed"


def test_the_dockerfile_copies_every_package_of_ours() -> None:
    assert copied() - {"pyproject.toml", "constraints.txt", "README.md", "LICENSE"} == PACKAGES
    assert {name for name in copied() if not (ROOT / name).exists()} == set()


def test_the_context_of_the_build_has_what_is_copied_and_nothing_else() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert {line.removeprefix("!") for line in rules if line.startswith("!")} == copied()
    assert "**/__pycache__" in rules


def test_every_file_of_our_packages_is_installed(wheel: Path) -> None:
    installed = {str(path.relative_to(wheel)) for path in wheel.rglob("*") if path.is_file()}
    assert {name for name in tracked() - installed if not name.endswith((".md", "Dockerfile"))} == set()


def test_the_processes_are_those_that_we_know() -> None:
    services = {f"services.{name}" for name in ("booking", "reminders", "notifier", "projector", "ingress")}
    assert commands() == services | {"deploy.local.prepare"}


@pytest.mark.parametrize("module", sorted(commands()))
def test_a_process_starts_with_nothing_but_what_the_image_has(wheel: Path, module: str) -> None:
    entry = f"{module}.__main__" if (wheel / module.replace(".", "/")).is_dir() else module
    code = f"""
import importlib, importlib.util, sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {set(not_installed())!r}:
            raise ModuleNotFoundError(f"the image does not have {{name}}")

sys.meta_path.insert(0, Absent())
assert importlib.util.find_spec({entry!r}), "nothing to run"
importlib.import_module({f"{module}.main" if entry != module else module!r})
strangers = [path for path in sys.path if path == {str(ROOT)!r}]
assert not strangers, strangers
"""
    # Without `site` the links of an editable install are not followed: the repository itself is out of sight.
    found = os.pathsep.join([str(wheel), *(path for path in sys.path if path.endswith("site-packages"))])
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": found}
    run = [sys.executable, "-S", "-c", code]
    answer = subprocess.run(
        run, cwd=wheel, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert answer.returncode == 0, answer.stderr[-2_000:]
