"""Tells people of incidents: once when one lasts, once when it is over, and no more than that."""
