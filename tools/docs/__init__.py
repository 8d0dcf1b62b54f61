"""Generators of the pages in `docs/`; nothing here is installed or served."""
