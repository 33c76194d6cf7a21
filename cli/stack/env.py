"""`appointments env`: where the running stack answers, as lines for a shell."""

from cli.console import HomeOption, running_stack, say


def env(home: HomeOption = None) -> None:
    """Print KEY=value lines of the running stack: use them with `export $(appointments env)`."""
    for name, value in running_stack(home).urls.items():
        say(f"{name}={value}")
