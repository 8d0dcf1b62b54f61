"""Cached answers and their encoded bytes; one call for identical questions."""
