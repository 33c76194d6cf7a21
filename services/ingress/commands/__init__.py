"""Commands of callers: publish them, await their outcomes and until the views show them."""
