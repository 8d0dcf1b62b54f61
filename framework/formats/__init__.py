"""Bytes into documents, within limits: JSON, RSS and Atom, headlines."""
