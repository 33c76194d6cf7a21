"""Whether a time can be booked for everybody, and the nearest times that can."""
