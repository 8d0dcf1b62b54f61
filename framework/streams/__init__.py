"""Live feeds: one upstream subscription for all readers, checked, repaired and failed over."""
