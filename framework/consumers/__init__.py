"""Who asks: consumers with keys of their own, what each used, and what is left of its share."""
