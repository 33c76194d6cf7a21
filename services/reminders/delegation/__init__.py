"""The delegated mode: a Communication Service that schedules by itself sends the reminders."""
