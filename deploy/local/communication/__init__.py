"""The sandbox Communication Service: takes notifications, shows their texts, reports deliveries."""
