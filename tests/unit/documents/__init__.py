"""Documents: their form, their references, and the recipes of CONTRIBUTING.md."""
