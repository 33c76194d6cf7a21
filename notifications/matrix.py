"""All notification preferences at once, each with the level that decides it: for a page that edits them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from notifications.explain import KINDS, explain
from notifications.preferences import (
    CHANNELS,
    IN_APP,
    NOTHING_SAID,
    Digest,
    Organization,
    Preferences,
    quiet_hours_body,
)
from notifications.rules import BY_DEFAULT, Decision
from notifications.templates.catalogue import TEMPLATE_OF, TEMPLATES

LOCKED = frozenset({"always", "mandatory", "template"})
Minutes = Mapping[str, tuple[int, ...]]


def matrix(
    own: Preferences, organization: Organization, suspended: Mapping[str, str], lead_times: Minutes
) -> dict[str, Any]:
    """Return the preferences that hold for a person. suspended: channels with a failing address, and the
    failure; lead_times: minutes before the start where nobody chose any.
    """
    defaults = organization.defaults
    return {
        "version": own.version,
        "channels": {channel: _channel(channel, own, defaults, suspended) for channel in CHANNELS},
        "types": [_row(kind, own, organization, suspended) for kind in KINDS],
        "lead_times": {
            channel: _lead_times(channel, own, defaults, lead_times.get(channel, ())) for channel in CHANNELS
        },
        "quiet_hours": _quiet_hours(own, defaults),
        "digest": _digest(own, defaults),
        "timezone": _text(own.timezone, defaults.timezone),
        "locale": _text(own.locale, defaults.locale),
    }


def organization_matrix(organization: Organization, lead_times: Minutes) -> dict[str, Any]:
    """Return the preferences that hold for the people of an organization who chose nothing."""
    return {**matrix(NOTHING_SAID, organization, {}, lead_times), "version": organization.version}


def _row(
    kind: str, own: Preferences, organization: Organization, suspended: Mapping[str, str]
) -> dict[str, Any]:
    silent = replace(own, types={**own.types, kind: {}})
    if own is NOTHING_SAID:  # the organization's own matrix: a cell inherits from its channel
        defaults = organization.defaults
        without = replace(defaults, types={**defaults.types, kind: {}})
        inherited = explain(kind, own, replace(organization, defaults=without), suspended)
    else:
        inherited = explain(kind, silent, organization, suspended)
    decisions = explain(kind, own, organization, suspended)
    mandatory = organization.mandatory.get(kind, frozenset())
    return {
        "type": kind,
        "urgent": TEMPLATES[TEMPLATE_OF[kind]].layout.priority == "high",
        "cells": {
            decision.channel: _cell(decision, before, decision.channel in mandatory)
            for decision, before in zip(decisions, inherited, strict=True)
        },
    }


def _cell(decision: Decision, inherited: Decision, mandatory: bool) -> dict[str, Any]:
    return {
        "on": decision.on,
        "level": decision.level,
        "locked": decision.level in LOCKED,
        "mandatory": mandatory,
        "inherits": inherited.on,
    }


def _channel(
    channel: str, own: Preferences, defaults: Preferences, suspended: Mapping[str, str]
) -> dict[str, Any]:
    if channel == IN_APP:
        return {"on": True, "level": "always", "suspended": None}
    found = _first(own.channels.get(channel), defaults.channels.get(channel), BY_DEFAULT[channel], "default")
    return {"on": found[0], "level": found[1], "suspended": suspended.get(channel)}


def _lead_times(
    channel: str, own: Preferences, defaults: Preferences, otherwise: tuple[int, ...]
) -> dict[str, Any]:
    minutes, level = _first(
        own.lead_times.get(channel), defaults.lead_times.get(channel), otherwise, "default"
    )
    return {"minutes": list(minutes), "level": level}


def _quiet_hours(own: Preferences, defaults: Preferences) -> dict[str, Any]:
    if own.says_quiet_hours:
        found, level = own.quiet_hours, "person"
    elif defaults.says_quiet_hours:
        found, level = defaults.quiet_hours, "organization"
    else:
        found, level = None, "default"
    return {**(quiet_hours_body(found) or {"start": None, "end": None}), "level": level}


def _digest(own: Preferences, defaults: Preferences) -> dict[str, Any]:
    digest, level = _first(own.digest, defaults.digest, Digest(), "default")
    return {"enabled": digest.enabled, "at": f"{digest.at:%H:%M}", "level": level}


def _text(own: str | None, of_organization: str | None) -> dict[str, Any]:
    value, level = _first(own, of_organization, None, "account")
    return {"value": value, "level": level}


def _first(own: Any, of_organization: Any, otherwise: Any, otherwise_level: str) -> tuple[Any, str]:
    """Return the value of the first level that has one, and that level."""
    if own is not None:
        return own, "person"
    if of_organization is not None:
        return of_organization, "organization"
    return otherwise, otherwise_level
