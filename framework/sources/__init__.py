"""A provider at run time: its configuration, limits, keys, and the client its hooks are given."""
