"""Functions of candles: what they declare, how they are called, what comes out."""
