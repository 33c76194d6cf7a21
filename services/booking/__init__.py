"""Booking: decides commands about appointments, and publishes what happened."""
