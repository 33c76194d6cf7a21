"""Only the jars that the repository names are ever given to Java."""

import hashlib
from pathlib import Path

import pytest

from deploy.local import kafka_jars
from deploy.local.kafka_jars import JarLock, JarsError, ensure_jars, read_lock

JARS = {"kafka.jar": b"broker", "clients.jar": b"clients"}
LOCK = JarLock("group:artifact:1", {name: hashlib.sha256(data).hexdigest() for name, data in JARS.items()})


def offer(monkeypatch: pytest.MonkeyPatch, folder: Path, jars: dict[str, bytes]) -> list[str]:
    """Let the download deliver these jars; the list grows by each download."""
    downloads: list[str] = []

    def resolve(coordinates: str, _cache: Path) -> list[Path]:
        downloads.append(coordinates)
        folder.mkdir(exist_ok=True)
        for name, data in jars.items():
            (folder / name).write_bytes(data)
        return sorted(folder.glob("*.jar"))

    monkeypatch.setattr(kafka_jars, "_resolve", resolve)
    return downloads


def test_expected_jars_are_downloaded_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    downloads = offer(monkeypatch, tmp_path / "maven", JARS)
    first = ensure_jars(LOCK, tmp_path / "cache")
    assert ensure_jars(LOCK, tmp_path / "cache") == first
    assert [jar.name for jar in first] == ["clients.jar", "kafka.jar"]
    assert downloads == [LOCK.coordinates]


@pytest.mark.parametrize(
    ("delivered", "culprit"),
    [
        pytest.param({**JARS, "kafka.jar": b"something else"}, "kafka.jar", id="another content"),
        pytest.param({"kafka.jar": b"broker"}, "clients.jar", id="one is missing"),
        pytest.param({**JARS, "stowaway.jar": b"?"}, "stowaway.jar", id="one too many"),
    ],
)
def test_unexpected_jars_are_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, delivered: dict[str, bytes], culprit: str
) -> None:
    offer(monkeypatch, tmp_path / "maven", delivered)
    for _ in range(2):  # a refused download must not be taken for a good one the next time
        with pytest.raises(JarsError, match=culprit):
            ensure_jars(LOCK, tmp_path / "cache")


def test_a_jar_changed_in_the_cache_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    offer(monkeypatch, tmp_path / "maven", JARS)
    jar, *_ = ensure_jars(LOCK, tmp_path / "cache")
    jar.write_bytes(b"tampered")
    with pytest.raises(JarsError, match=jar.name):
        ensure_jars(LOCK, tmp_path / "cache")


def test_the_lock_of_the_repository_names_kafka() -> None:
    lock = read_lock()
    assert "org.apache.kafka:kafka_2.13:4.3.1" in lock.coordinates
    assert "kafka-server-4.3.1.jar" in lock.sha256
