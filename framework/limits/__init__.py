"""How much may be asked of a source: rate windows, slots, quotas, and the budget of retries."""
