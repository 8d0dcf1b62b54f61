"""Work without a caller: probes, saved state, gaps in candles, scores of headlines."""
