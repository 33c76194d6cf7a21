"""`python -m services.projector`."""

from services.projector.main import main

main()
