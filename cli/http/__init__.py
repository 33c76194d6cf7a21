"""Commands that call the HTTP API as a person: any call, a calendar, why a time is not free."""
