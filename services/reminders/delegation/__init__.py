"""The delegated mode: a Communication Service that schedules by itself sends the reminders.

Handlers and planning use it through `mode.ReminderMode` alone, and firing sees `Timer.handed`. The guarantees
are weaker than those of the own mode:

- Nothing is checked at the moment of sending. While the service cannot be reached, a cancelled or moved
appointment may still be reminded of, with an older text, or on a channel that was switched off. Quiet hours
and the digest do not apply. - There is no fallback channel, no expiry and no delivery status. - A reminder
that falls due within the seconds of a hand-over can be sent twice.

A reminder that the service has not accepted by the time it is due is fired as usual.
"""
