"""How many examples a property test looks at: its own number, or few when `make test-unit` is in a hurry."""

from hypothesis import settings

QUICK = "quick"
FEW = 10


def examples(number: int) -> int:
    """Return `number`, or `FEW` if that is less and the quick profile is loaded.

    Modules are imported after the profile of the command line was loaded.
    """
    quick = settings.get_current_profile_name() == QUICK
    return min(number, FEW) if quick else number
