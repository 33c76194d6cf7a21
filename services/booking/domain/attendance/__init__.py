"""Participants of one appointment: invitations, responses, seats and the waiting list."""
