"""Indicators of installed plugins in processes of their own, which can be ended."""
