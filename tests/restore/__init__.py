"""Restore drills: what docs/runbook.md tells to do after a loss, done."""
