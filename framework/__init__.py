"""The gateway without its server: sources, routing, health, cache, indicators."""
