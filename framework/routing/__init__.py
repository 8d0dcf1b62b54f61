"""Which source goes first, and why; the order `explain` shows is the order requests walk."""
