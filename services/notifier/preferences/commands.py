"""Decisions about commands that set preferences.

Each command of a batch sees the changes of those before it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from chassis.verdicts import Verdict
from contracts.envelope import Record
from notifications.preferences import NO_RULES, NOTHING_SAID, Organization, Preferences
from services.notifier import metrics
from services.notifier.domain.preferences import after_setting
from services.notifier.domain.suspensions import restored_by
from services.notifier.messages import outcomes
from services.notifier.messages.commands import Command, Refusal, user_of


@dataclass(slots=True)
class PreferenceDecisions:
    """The preferences of people and organizations, as the commands decided so far have left them.

    `members`: active people with their organization, and whether they are its admins. `changed_people`:
    organization and preferences, by person. `changed_channels`: people and channels whose switches changed.
    """

    people: dict[UUID, Preferences]
    organizations: dict[UUID, Organization]
    members: Mapping[tuple[UUID, UUID], bool]
    changed_people: dict[UUID, tuple[UUID, Preferences]] = field(default_factory=dict)
    changed_organizations: dict[UUID, Organization] = field(default_factory=dict)
    changed_channels: set[tuple[UUID, str]] = field(default_factory=set)

    def decide(self, record: Record, command: Command) -> Verdict:
        """Return the verdict on one command, and apply it."""
        requested, user, organization = command.command, user_of(command), command.organization
        if isinstance(requested, Refusal):
            return _refused(record, command, requested)
        if user is None or organization is None:
            return _refused(record, command, outcomes.UNREADABLE)
        if (user, organization) not in self.members:
            return _refused(record, command, outcomes.NOT_A_MEMBER)
        if not isinstance(requested.preferences, Organization):
            before: Preferences | Organization = self.people.get(user, NOTHING_SAID)
        elif self.members[user, organization]:
            before = self.organizations.get(organization, NO_RULES)
        else:
            return _refused(record, command, outcomes.NOT_AN_ADMIN)
        if requested.expected_version not in (None, before.version):
            return _refused(record, command, outcomes.stale(before.version))
        metrics.COMMANDS.labels("accepted", "").inc()
        if isinstance(requested.preferences, Organization):
            return self._of_organization(record, command, requested.preferences, organization)
        return self._of_person(record, command, requested.preferences, user, organization)

    def _of_person(
        self, record: Record, command: Command, requested: Preferences, user: UUID, organization: UUID
    ) -> Verdict:
        before = self.people.get(user, NOTHING_SAID)
        after = after_setting(before, requested)
        if after is not before:
            self.people[user] = after
            self.changed_people[user] = (organization, after)
            self.changed_channels.update((user, channel) for channel in restored_by(before, after))
        return outcomes.accepted(record, command, after, after is not before)

    def _of_organization(
        self, record: Record, command: Command, requested: Organization, organization: UUID
    ) -> Verdict:
        before = self.organizations.get(organization, NO_RULES)
        after = after_setting(before, requested)
        if after is not before:
            self.organizations[organization] = self.changed_organizations[organization] = after
        return outcomes.accepted_for_all(record, command, after, after is not before)


def senders(commands: Sequence[Command]) -> set[UUID]:
    """Return the senders of commands that can be carried out, whose rights have to be checked."""
    readable = [command for command in commands if not isinstance(command.command, Refusal)]
    return {user for command in readable if (user := user_of(command))}


def _refused(record: Record, command: Command, refusal: Refusal) -> Verdict:
    metrics.COMMANDS.labels("refused", refusal.code).inc()
    return outcomes.refused(record, command, refusal)
