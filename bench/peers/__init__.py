"""Peers that need an environment of their own: how each is set up, and how it is run."""
