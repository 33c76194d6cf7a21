"""How long to wait before trying again."""

import random


def delay(attempt: int, base: float, longest: float) -> float:
    """Seconds before attempt `attempt` + 1 (from 1): doubles up to `longest`, jittered down to half of it.

    The jitter keeps a fleet from coming back all at once.
    """
    return min(longest, base * 2.0 ** min(attempt - 1, 30)) * random.uniform(0.5, 1.0)  # noqa: S311  (not a secret)
