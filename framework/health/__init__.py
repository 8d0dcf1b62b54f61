"""The circuit breaker: what each result counts for, and which source may be called now."""
