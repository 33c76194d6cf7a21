"""The table of positions fits a narrow terminal."""

from rich.console import Console

from cli.operate.positions import Stand
from cli.operate.progress import _table

STAND = Stand(
    service="reminders",
    consumer="reminders.preferences.replan",
    topic="notifier.events",
    partition=11,
    next_offset=1_234_567,
    published_offset=1_234_567,
    cluster_id="c",
    log_start=0,
    log_end=1_234_570,
    is_of_this_log=True,
    halted=None,
    by_hand=None,
)


def test_positions_are_under_their_consumer_and_no_name_is_cut() -> None:
    console = Console(width=60, record=True)
    with console.capture() as shown:
        console.print(_table([STAND, STAND]))
    lines = shown.get().splitlines()
    assert sum("notifier.events/11" in line and "0–1234570" in line for line in lines) == 2
    assert "reminders.preferences.replan" in "".join(line.strip() for line in lines)
    assert "…" not in shown.get()
    assert "halted" not in shown.get()
