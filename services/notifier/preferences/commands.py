"""What is decided about commands that set preferences; what one changes counts for the next ones of the batch."""

from collections.abc import Collection, Sequence
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
    """What people and organizations said so far. `admins`: who administers which organization, of those who ask for it.

    `changed_people` has the organization and the preferences of each; `spoken_of` the channels about which somebody
    says something new.
    """

    people: dict[UUID, Preferences]
    organizations: dict[UUID, Organization]
    admins: Collection[tuple[UUID, UUID]]
    changed_people: dict[UUID, tuple[UUID, Preferences]] = field(default_factory=dict)
    changed_organizations: dict[UUID, Organization] = field(default_factory=dict)
    spoken_of: set[tuple[UUID, str]] = field(default_factory=set)

    def decide(self, record: Record, command: Command) -> Verdict:
        """The verdict on one command."""
        asked, user, organization = command.command, user_of(command), command.organization
        if isinstance(asked, Refusal):
            return _refused(record, command, asked)
        if user is None or organization is None:
            return _refused(record, command, outcomes.UNREADABLE)
        if isinstance(asked, Preferences):
            verdict = self._of_person(record, command, asked, user, organization)
        elif (user, organization) in self.admins:
            verdict = self._of_organization(record, command, asked, organization)
        else:
            return _refused(record, command, outcomes.NOT_AN_ADMIN)
        metrics.COMMANDS.labels("accepted", "").inc()
        return verdict

    def _of_person(
        self, record: Record, command: Command, asked: Preferences, user: UUID, organization: UUID
    ) -> Verdict:
        before = self.people.get(user, NOTHING_SAID)
        after = after_setting(before, asked)
        if after is not before:
            self.people[user] = after
            self.changed_people[user] = (organization, after)
            self.spoken_of.update((user, channel) for channel in restored_by(before, after))
        return outcomes.accepted(record, command, after, after is not before)

    def _of_organization(
        self, record: Record, command: Command, asked: Organization, organization: UUID
    ) -> Verdict:
        before = self.organizations.get(organization, NO_RULES)
        after = after_setting(before, asked)
        if after is not before:
            self.organizations[organization] = self.changed_organizations[organization] = after
        return outcomes.accepted_for_all(record, command, after, after is not before)


def would_be_admins(commands: Sequence[Command]) -> set[UUID]:
    """Whose right has to be asked for: who sets what holds for everybody."""
    setting = [command for command in commands if isinstance(command.command, Organization)]
    return {user for command in setting if (user := user_of(command))}


def _refused(record: Record, command: Command, refusal: Refusal) -> Verdict:
    metrics.COMMANDS.labels("refused", refusal.code).inc()
    return outcomes.refused(record, command, refusal)
