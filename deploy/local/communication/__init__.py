"""The sandbox Communication Service: takes notifications, shows what a person would read, reports deliveries."""
