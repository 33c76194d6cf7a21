"""Who writes and who reads each topic: services by their name, `cli` for operators, `any client`."""

from contracts.topics import ALL, Topic

WRITERS: dict[str, tuple[str, ...]] = {
    "booking.commands": ("ingress", "cli", "reminders", "booking", "any client"),
    "booking.events": ("booking",),
    "booking.outcomes": ("booking",),
    "reminders.events": ("reminders",),
    "notifier.commands": ("ingress", "cli"),
    "notifier.outcomes": ("notifier",),
    "notifier.events": ("notifier",),
    "communication.events": ("communication", "ingress"),
    "projector.events": ("projector",),
}
READERS: dict[str, tuple[str, ...]] = {
    "booking.commands": ("booking",),
    "booking.events": ("reminders", "notifier", "projector"),
    "booking.outcomes": ("ingress", "projector", "cli"),
    "reminders.events": ("notifier",),
    "notifier.commands": ("notifier",),
    "notifier.outcomes": ("ingress", "projector", "cli"),
    "notifier.events": ("projector", "reminders"),
    "communication.events": ("notifier",),
    "projector.events": ("ingress",),
}


def writers(topic: Topic) -> tuple[str, ...]:
    """Who publishes to it."""
    # The command line sends letters back, and notes there which ones were discarded.
    ours = {"redrive": ("cli",)}
    return WRITERS.get(topic.name) or ours.get(topic.kind) or (topic.owner,)


def readers(topic: Topic) -> tuple[str, ...]:
    """Who reads it, to act on it."""
    return READERS.get(topic.name) or (("cli",) if topic.kind == "dead-letters" else (topic.owner,))


def written_by(name: str) -> list[Topic]:
    """The topics that a service publishes to."""
    return [topic for topic in ALL if name in writers(topic)]


def read_by(name: str) -> list[Topic]:
    """The topics that a service reads."""
    return [topic for topic in ALL if name in readers(topic)]
