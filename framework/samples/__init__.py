"""Sample exchanges that providers ship: their format, units and paths."""
