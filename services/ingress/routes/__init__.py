"""All operations of the API. An operation that is not declared here is neither served nor described."""

from collections.abc import Sequence

from services.ingress.api.operation import Operation
from services.ingress.routes import (
    analytics,
    attendance,
    availability,
    bulk,
    busy_times,
    feeds,
    free_slots,
    holds,
    imports,
    messages,
    operations,
    people,
    preference_editing,
    preferences,
    reads,
    stream,
    subscriptions,
    templates,
    web,
    webhooks,
    writes,
)

_MODULES = (
    people,
    reads,
    writes,
    attendance,
    bulk,
    free_slots,
    availability,
    holds,
    feeds,
    imports,
    busy_times,
    subscriptions,
    preference_editing,
    preferences,
    templates,
    messages,
    analytics,
    stream,
    webhooks,
    web,
    operations,
)

OPERATIONS: Sequence[Operation] = [operation for module in _MODULES for operation in module.OPERATIONS.all]
TAGS = {module.OPERATIONS.tag: module.OPERATIONS.about for module in _MODULES}
