"""The projector: keeps the views that the ingress reads."""
