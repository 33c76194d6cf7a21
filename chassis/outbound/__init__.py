"""Calls to addresses that a stranger has chosen: none reaches our own network, and each is bounded."""
