"""Message templates: one for each type of notification, with texts for its channels and languages."""
