"""Series: several appointments that one command books, changes or calls off."""
