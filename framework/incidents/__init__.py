"""What went wrong, when, why and for how long, and who answered meanwhile; over restarts."""
