"""One request: from the cache to the answer, through attempts and failover."""
