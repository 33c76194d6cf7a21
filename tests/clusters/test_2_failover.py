"""Under load the leader of the commands dies, then the primary, and its standby takes over."""

from tests.clusters.brokers import Brokers
from tests.clusters.fleet import Load, each_has_one_outcome
from tests.clusters.servers import Servers
from tests.support import eventually
from tests.support.cli import Cli

SECONDS_TO_CATCH_UP = 180


async def test_nothing_acknowledged_is_lost_when_the_leader_and_then_the_primary_die(
    fleet: Cli, brokers: Brokers, servers: Servers
) -> None:
    await brokers.heal()
    async with Load(brokers) as load:
        await load.more(60)
        leader = await brokers.leader_of("booking.commands")
        await leader.kill()
        await load.more(60)
        await leader.start_ready(240)
        await load.more(20)
        await servers.primary.kill()
        await load.more(60)
        await servers.promote()
        await load.more(60)
    await each_has_one_outcome(brokers, load.acknowledged, SECONDS_TO_CATCH_UP)

    async def all_ready() -> bool:
        services = await fleet.services()
        assert all(service["ready"] and service["lag"] == 0 for service in services.values()), services
        return True

    await eventually(all_ready, SECONDS_TO_CATCH_UP, interval=1.0)
    doubled = await servers.sql(
        "SELECT user_id FROM occupancy GROUP BY user_id, during HAVING count(*) > 1", "fleet_booking"
    )
    assert doubled == []
