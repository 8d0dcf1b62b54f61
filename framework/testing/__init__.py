"""Tools for authors of plugins, and for the project's own tests."""
