"""A seed replays exactly, in any process and whatever Python's hash seed is."""

import os
import subprocess
import sys

import pytest

from tests.simulation.scenario import Mode, run

SEED = 3


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("hash_seed", ["0", "1", "random"])
def test_a_seed_replays_exactly(mode: Mode, hash_seed: str) -> None:
    here = run(SEED, mode)
    command = [
        sys.executable,
        "-m",
        "tests.simulation",
        f"--seeds=={SEED}",
        f"--mode={mode.value}",
        "--digest",
    ]
    there = subprocess.run(
        command, env={**os.environ, "PYTHONHASHSEED": hash_seed}, capture_output=True, text=True, check=False
    )
    assert here.digest in there.stdout, there.stdout + there.stderr
