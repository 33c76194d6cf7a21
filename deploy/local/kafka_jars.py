"""Apache Kafka's jars: resolved once by jgo, checked against `kafka-jars.json`, kept in a per-user cache.

`python -m deploy.local.kafka_jars` fetches them ahead of the first start.
"""

import fcntl
import hashlib
import json
import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterable
from contextlib import redirect_stdout
from pathlib import Path
from typing import NamedTuple

LOCK_FILE = Path(__file__).with_name("kafka-jars.json")


class JarsError(Exception):
    """The jars of Apache Kafka are missing or are not the expected ones; the message names them."""


class JarLock(NamedTuple):
    """Maven coordinates, and the expected sha256 of every jar by file name."""

    coordinates: str
    sha256: dict[str, str]


def read_lock(path: Path = LOCK_FILE) -> JarLock:
    """Return the jars that the repository expects."""
    return JarLock(**json.loads(path.read_text()))


def cache_folder() -> Path:
    """Return the folder that all stacks of this user share."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "appointments"


def ensure_jars(lock: JarLock | None = None, cache: Path | None = None) -> list[Path]:
    """Return the checked jars, downloaded if the cache lacks them. Raises JarsError.

    Each call hashes all of them (44 MB, under 0.1 s): Java loads exactly the jars that the repository names.
    """
    lock = lock or read_lock()
    cache = cache or cache_folder()
    name = hashlib.sha256(repr(lock).encode()).hexdigest()[:12]
    folder = cache / f"kafka-{name}"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "kafka.lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if not folder.exists():
            _fill(folder, lock, cache)
    jars = sorted(folder.glob("*.jar"))
    check(jars, lock)
    return jars


def check(jars: Iterable[Path], lock: JarLock) -> None:
    """Raise JarsError unless these are exactly the expected jars with the expected contents."""
    found = {jar.name: hashlib.sha256(jar.read_bytes()).hexdigest() for jar in jars}
    wrong = sorted(
        name for name in found.keys() | lock.sha256.keys() if found.get(name) != lock.sha256.get(name)
    )
    if wrong:
        raise JarsError(f"Kafka's jars are not the expected ones ({LOCK_FILE.name}): {', '.join(wrong)}")


def _fill(folder: Path, lock: JarLock, cache: Path) -> None:
    """Download, check, and only then put in place under the final name."""
    resolved = _resolve(lock.coordinates, cache)
    check(resolved, lock)
    with tempfile.TemporaryDirectory(dir=cache) as partial:
        complete = Path(partial) / "jars"
        complete.mkdir()
        for jar in resolved:
            shutil.copyfile(jar, complete / jar.name)
        complete.rename(folder)


def _resolve(coordinates: str, cache: Path) -> list[Path]:
    try:
        with warnings.catch_warnings(), redirect_stdout(sys.stderr):
            warnings.simplefilter("ignore")
            import jgo

            environment = jgo.build(coordinates, cache_dir=cache / "jgo")
    except ImportError:
        raise JarsError(
            "jgo is not installed: pip install 'appointments[local]', or set KAFKA_BOOTSTRAP_SERVERS."
        ) from None
    except Exception as error:
        raise JarsError(f"Apache Kafka could not be downloaded: {error}") from error
    return sorted(Path(environment.path).rglob("*.jar"))


if __name__ == "__main__":
    try:
        ensure_jars()
    except JarsError as error:
        sys.exit(str(error))
