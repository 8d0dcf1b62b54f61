"""Several workers of one server: what each tells the others, and all of them as one picture."""
