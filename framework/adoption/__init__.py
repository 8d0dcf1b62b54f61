"""Plugins that come, go and change while the process runs."""
