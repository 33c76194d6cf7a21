"""The web application in a browser."""
