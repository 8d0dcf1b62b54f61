"""OpenBB Workspace: every capability as a widget, described and filled from the same tables."""
