"""Helpers of several kinds of tests: waiting with a deadline, and real servers to test against."""

from tests.support.eventually import eventually
from tests.support.world import World, new_world

__all__ = ["World", "eventually", "new_world"]
