"""All SQL of reminders: `schedules` as events change them, `preferences` what people want, `dispatch` as timers fire, `handovers` of
reminders to a service that sends them, `upkeep` for the rest.

Every instant that something is compared with is a parameter; PostgreSQL's clock decides nothing.
"""
