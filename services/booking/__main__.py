"""`python -m services.booking`."""

from services.booking.main import main

main()
