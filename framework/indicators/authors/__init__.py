"""What indicator plugins use: warm-up lengths, readings in words, calendar periods."""
