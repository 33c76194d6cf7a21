"""Errors named by what the runtime must do about them; the docstring is the message for a person."""

from aiokafka import TopicPartition


class InvalidMessage(Exception):
    """This record can never be read: it is set aside as a dead letter and its neighbours go on."""


class DependencyDown(Exception):
    """A service we need does not answer: nothing was applied, and the same records are tried again with back-off.

    `too_much`: it may answer if it is asked for less.
    """

    def __init__(self, dependency: str, reason: str = "", *, too_much: bool = False) -> None:
        super().__init__(f"{dependency} is down: {reason}" if reason else f"{dependency} is down")
        self.dependency = dependency
        self.too_much = too_much


class Refused(DependencyDown):
    """A dependency refuses this very request for good: the batch is tried in halves, the culprit alone is set aside."""


class TooMuch(Exception):
    """This batch is more work than one transaction should hold: nothing was applied, and its halves are tried at once."""


class Halt(Exception):
    """This partition (without one: each of the batch) cannot go on without a person: see the runbook, "A halted partition"."""

    def __init__(self, reason: str, partition: TopicPartition | None = None) -> None:
        super().__init__(reason)
        self.partition = partition


class PublishFailed(Exception):
    """The broker did not acknowledge; the messages are published again after seeking back.

    `refused`: it refuses one of these messages until its settings change.
    """

    def __init__(self, reason: str, *, refused: bool = False) -> None:
        super().__init__(reason)
        self.refused = refused
