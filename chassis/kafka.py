"""Small questions to the cluster."""

from aiokafka.admin import AIOKafkaAdminClient

from chassis.settings import Settings


async def cluster_id(settings: Settings) -> str:
    """The id of the Kafka cluster: offsets of another cluster mean nothing here."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap_servers)
    await admin.start()
    try:
        return str((await admin.describe_cluster())["cluster_id"])
    finally:
        await admin.close()
