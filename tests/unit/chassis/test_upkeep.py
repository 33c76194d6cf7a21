"""One part of the night's work that fails does not keep the others from theirs, and is not hidden."""

from functools import partial

import pytest

from chassis.upkeep import each


async def test_the_others_go_on_and_the_failure_is_raised() -> None:
    done: list[str] = []

    async def forget(name: str) -> int:
        if name == "stuck":
            raise TimeoutError(name)
        done.append(name)
        return 1

    with pytest.raises(ExceptionGroup, match="1 of 3 parts failed") as caught:
        await each(*(partial(forget, name) for name in ("first", "stuck", "last")))
    assert done == ["first", "last"]
    assert [str(error) for error in caught.value.exceptions] == ["stuck"]
    await each(partial(forget, "first"))
