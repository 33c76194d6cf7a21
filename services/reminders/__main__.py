"""`python -m services.reminders`."""

from services.reminders.main import main

main()
