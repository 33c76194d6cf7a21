"""Pure decisions of the HTTP edge: the caller, the range and form of answers, problems."""
