"""Python's collector of cycles, told to look seldom."""

import gc


def collect_seldom() -> None:
    """What is imported by now stays: the collector need not walk it again and again, nor after every few records."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, *gc.get_threshold()[1:])
