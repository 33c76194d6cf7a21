"""Tune the garbage collector: freeze what startup allocated and collect rarely."""

import gc


def collect_seldom() -> None:
    """Freeze the imported modules, so that the collector neither walks them again nor runs every few records."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, *gc.get_threshold()[1:])
