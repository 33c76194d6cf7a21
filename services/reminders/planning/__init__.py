"""Plan existing timers again after preferences change."""
