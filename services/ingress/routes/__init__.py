"""All operations of the API. An operation that is not declared here is neither served nor described."""

from collections.abc import Sequence

from services.ingress.api.operation import Operation
from services.ingress.routes import (
    analytics,
    attendance,
    availability,
    busy_times,
    feeds,
    free_slots,
    holds,
    imports,
    operations,
    preferences,
    reads,
    stream,
    subscriptions,
    templates,
    webhooks,
    writes,
)

_MODULES = (
    reads,
    writes,
    attendance,
    free_slots,
    availability,
    holds,
    feeds,
    imports,
    busy_times,
    subscriptions,
    preferences,
    templates,
    analytics,
    stream,
    webhooks,
    operations,
)

OPERATIONS: Sequence[Operation] = [operation for module in _MODULES for operation in module.OPERATIONS.all]
TAGS = {module.OPERATIONS.tag: module.OPERATIONS.about for module in _MODULES}
