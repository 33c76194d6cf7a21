"""The command line `appointments`, one package for each task."""
