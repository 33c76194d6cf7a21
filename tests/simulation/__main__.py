"""`python -m tests.simulation --seeds 0:1000`: run seeds, print the faults and every violation; exit 1 if there is one."""

import argparse
import time
from collections import Counter

from tests.simulation.nemesis import TROUBLES
from tests.simulation.scenario import Mode, Result, run
from tests.simulation.seeds import described


def main() -> int:
    """Run what the command line asks for."""
    options = _parser().parse_args()
    modes = [Mode(options.mode)] if options.mode else list(Mode)
    began, faults, runs, red, virtual = time.perf_counter(), Counter[str](), 0, 0, 0.0
    for seed in options.seeds:
        for mode in modes:
            result = run(seed, mode, options.trouble)
            runs, red, virtual = runs + 1, red + bool(result.violations), virtual + result.seconds
            faults += result.counts
            _show(result, options)
    counted = ", ".join(f"{count} {fault}" for fault, count in sorted(faults.items()))
    print(f"{runs} runs, {red} red, {virtual:.0f} virtual seconds in {time.perf_counter() - began:.0f} s")
    print(f"faults: {counted}")
    return int(red > 0)


def _show(result: Result, options: argparse.Namespace) -> None:
    if options.story:
        print("\n".join(result.story))
    if options.digest:
        print(result.name, result.digest)
    for line in described(result):
        print(f"RED {line}", flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument(
        "--seeds", type=_seeds, default=range(300), help="FIRST:END, one SEED as =SEED, or a count"
    )
    parser.add_argument("--mode", choices=[mode.value for mode in Mode], help="both, if absent")
    parser.add_argument("--trouble", choices=TROUBLES, help="in liveness mode; the seed chooses, if absent")
    parser.add_argument("--story", action="store_true", help="print all that happened")
    parser.add_argument("--digest", action="store_true", help="print a hash of all that happened")
    return parser


def _seeds(given: str) -> range:
    first, colon, end = given.partition(":")
    if given.startswith("="):
        return range(int(given[1:]), int(given[1:]) + 1)
    return range(int(first), int(end)) if colon else range(int(given))


if __name__ == "__main__":
    raise SystemExit(main())
