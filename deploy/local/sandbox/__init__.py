"""What the two sandbox services share: problems as answers, fault switches, one way to serve."""
