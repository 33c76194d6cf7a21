"""The checks of a delivery right before its call.

Each returns the step that the delivery takes instead of a call, or None if the check has no objection. No
check changes anything.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from services.notifier.domain.channels import reason_for_off
from services.notifier.domain.quiet_hold import Hold, Waiting, hold
from services.notifier.domain.staleness import obsolete_because
from services.notifier.domain.transitions import Expire, SetAside, Step
from services.notifier.sending.content import missing_variables
from services.notifier.store.checked import Checked

Check = Callable[[Checked, datetime], Step | None]


def obsolete(looked: Checked, now: datetime) -> Expire | None:
    """Return the end of a delivery that its appointment, as it is now, has made useless."""
    delivery = looked.delivery
    reason = obsolete_because(delivery.type, delivery.version, delivery.expires_at, looked.current, now)
    return Expire(reason) if reason else None


def called_off(looked: Checked, now: datetime) -> Expire | None:
    """Return the end of a held delivery whose channel was suspended or switched off in the meantime."""
    return unreachable(looked, now) or switched_off(looked, now)


def unreachable(looked: Checked, _: datetime) -> Expire | None:
    """Return the end of a held delivery whose address bounced in the meantime."""
    if looked.delivery.state == "held" and looked.suspended:
        return Expire("the address of the channel bounced")
    return None


def switched_off(looked: Checked, _: datetime) -> Expire | None:
    """Return the end of a held delivery whose channel was switched off for its type in the meantime."""
    delivery = looked.delivery
    if delivery.state != "held":
        return None
    reason = reason_for_off(delivery.type, delivery.channel, looked.own, looked.organization)
    return Expire(reason) if reason else None


def held_back(looked: Checked, now: datetime) -> Hold | None:
    """Return the hold of a delivery for which it is quiet hours now."""
    delivery = looked.delivery
    waiting = Waiting(
        delivery.channel, delivery.priority, delivery.timezone, delivery.starts_at, delivery.expires_at
    )
    return hold(waiting, looked.own, looked.organization, now)


def lacks_variables(looked: Checked, _: datetime) -> SetAside | None:
    """Return the end of a delivery whose template needs variables that it does not have."""
    names = missing_variables(looked)
    return SetAside(f"{looked.delivery.template_id} lacks {', '.join(names)}") if names else None


BEFORE_A_CALL: Sequence[Check] = (obsolete, called_off, held_back, lacks_variables)


def objection(looked: Checked, now: datetime, checks: Sequence[Check] = BEFORE_A_CALL) -> Step | None:
    """Return the step of the first check that has an objection; None: call."""
    for check in checks:
        if step := check(looked, now):
            return step
    return None
