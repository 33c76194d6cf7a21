"""From a batch of commands that set preferences to their outcomes."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from chassis.database.transactions import Transaction
from chassis.verdicts import Verdict, known
from contracts import topics
from contracts.envelope import Message, Record
from services.notifier.clients.identity import Directory
from services.notifier.messages.commands import Command, decode, user_of
from services.notifier.messages.outcomes import messages_for
from services.notifier.preferences.commands import PreferenceDecisions, senders
from services.notifier.sending import suspensions
from services.notifier.store import digests, outbox, preferences, queue

Commands = Sequence[tuple[Record, Command]]
Members = Mapping[tuple[UUID, UUID], bool]


@dataclass(frozen=True, slots=True)
class PreferenceCommands:
    """Decides commands. `partitions` returns the number of partitions of a topic.

    `has_own_key` is that of `chassis.consuming.namespaces`.
    """

    writer: UUID
    partitions: Callable[[str], Awaitable[int]]
    directory: Directory
    has_own_key: Callable[[Command], bool]

    async def handle(self, tx: Transaction, commands: Commands, now: datetime) -> list[Message]:
        """Decide commands that were not decided before, and return the outcomes and events of all."""
        if not commands:
            return []
        members = await self._members(tx, [command for _, command in commands])
        await preferences.lock_commands(tx)
        commands, verdicts = await self._known(tx, commands)
        decisions = await _loaded(tx, [command for _, command in commands], members)
        fresh: list[Verdict] = []
        for record, command in commands:
            if command.key not in verdicts:
                verdicts[command.key] = decisions.decide(record, command)
                fresh.append(verdicts[command.key])
        await _save(tx, decisions, now)
        await preferences.decide(tx, fresh)
        # Noted, not returned: the verdicts do not say which channels these commands restored.
        await outbox.note(
            tx, self.writer, now, await suspensions.restore(tx, decisions.changed_channels, now)
        )
        return await self._messages(commands, verdicts)

    async def republish(self, tx: Transaction, commands: Commands) -> list[Message]:
        """Return the same messages from the database."""
        if not commands:
            return []
        commands, verdicts = await self._known(tx, commands)
        return await self._messages(commands, verdicts)

    async def _known(self, tx: Transaction, commands: Commands) -> tuple[Commands, dict[UUID, Verdict]]:
        """Return the commands under their keys, and the verdicts on those decided before, by key."""
        return await known(commands, partial(preferences.decided, tx), decode, self.has_own_key)

    async def _members(self, tx: Transaction, commands: Sequence[Command]) -> Members:
        """Return the active people among the senders, before any row but our position is locked."""
        users = senders(commands)
        if not users:
            return {}
        return await self.directory.members(users, lambda: tx.stay_open(self.directory.timeout))

    async def _messages(self, commands: Commands, verdicts: Mapping[UUID, Verdict]) -> list[Message]:
        partitions = await self.partitions(topics.NOTIFIER_OUTCOMES.name)
        return [
            message
            for record, command in commands
            if command.key in verdicts
            for message in messages_for(record, command, verdicts[command.key], partitions)
        ]


async def _loaded(tx: Transaction, commands: Sequence[Command], members: Members) -> PreferenceDecisions:
    """Return the preferences that the commands are about, as they are before them."""
    users = {user for command in commands if (user := user_of(command))}
    organizations = {command.organization for command in commands if command.organization}
    return PreferenceDecisions(
        people=await preferences.load(tx, users),
        organizations=await preferences.organizations(tx, organizations),
        members=members,
    )


async def _save(tx: Transaction, decisions: PreferenceDecisions, now: datetime) -> None:
    """Save changed preferences, and check held deliveries of the people concerned again."""
    people, organizations = decisions.changed_people, decisions.changed_organizations
    await preferences.save(tx, people)
    await preferences.save_organizations(tx, organizations)
    if people:
        await _check_held(tx, {organization for organization, _ in people.values()}, people, now)
    if organizations:
        await _check_held(tx, organizations, None, now)


async def _check_held(
    tx: Transaction, organizations: Collection[UUID], users: Collection[UUID] | None, now: datetime
) -> None:
    await queue.look_again(tx, organizations, users, now)
    await digests.look_again(tx, organizations, users, now)
