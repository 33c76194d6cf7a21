"""All SQL of reminders but that of the delegated mode: `schedules`, `preferences`, `dispatch` (firing),
`upkeep`.

Every instant in a comparison is a parameter; PostgreSQL's clock decides nothing.
"""
