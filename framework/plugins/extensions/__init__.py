"""What plugins do beyond sources and indicators, each call of theirs guarded."""
