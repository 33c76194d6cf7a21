"""Send each person's daily digest as one delivery."""
