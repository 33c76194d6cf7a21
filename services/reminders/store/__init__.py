"""All SQL of reminders: `schedules` as events change them, `dispatch` as timers fire, `upkeep` for the rest.

Every instant that something is compared with is a parameter; PostgreSQL's clock decides nothing.
"""
