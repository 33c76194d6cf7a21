"""Plan the commands of an import, and send them at a bearable pace."""
