"""Dead letters: stored with their cause, counted while unresolved, published by a job."""
