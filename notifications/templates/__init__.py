"""What people are told, in our own words: a template for each type of notification, with texts for its channels and languages."""
