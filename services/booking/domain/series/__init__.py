"""Series: several appointments that one command books, changes or cancels."""
