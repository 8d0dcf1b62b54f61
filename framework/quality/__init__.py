"""Whether an answer can be true: plausibility, jumps, lag, agreement; longer candles."""
