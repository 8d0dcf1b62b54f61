"""What the dashboard's pages ask: each part's data, or what is wrong and was last known."""
