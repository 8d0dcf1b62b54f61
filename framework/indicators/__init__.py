"""Indicators: their catalogue, their candles, how they are computed, and their results."""
