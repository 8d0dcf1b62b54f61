"""What outlives a restart: closed candles, state changes and events, in SQLite or PostgreSQL."""
