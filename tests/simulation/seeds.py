"""Run many seeds and say which promises broke."""

from collections import Counter
from collections.abc import Iterable

from tests.simulation.scenario import Mode, Result, run

SHOWN = 3


def violations_of(mode: Mode, seeds: Iterable[int], trouble: str | None = None) -> list[str]:
    """The first violations of each red seed, with what replays it."""
    results = (run(seed, mode, trouble) for seed in seeds)
    return [line for result in results for line in described(result)]


def described(result: Result) -> list[str]:
    """The first violations of a run, each with what replays it."""
    return [f"{result.name}: {violation}" for violation in result.violations[:SHOWN]]


def faults_of(results: Iterable[Result]) -> Counter[str]:
    """The totals of all these runs."""
    return sum((result.counts for result in results), Counter())
