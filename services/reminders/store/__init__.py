"""All SQL of reminders: `schedules` as events change them, `preferences` what people want, `dispatch` as timers fire, `upkeep` for the rest.
The tables of handovers are in `delegation`.

Every instant that something is compared with is a parameter; PostgreSQL's clock decides nothing.
"""
