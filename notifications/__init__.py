"""What people want to be told, how, and when: pure rules that the services share. Instants are UTC, times are of a wall clock."""
