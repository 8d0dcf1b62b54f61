"""What a plugin may declare and implement, and how plugins are found and called."""
