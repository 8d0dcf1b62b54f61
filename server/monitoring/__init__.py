"""What the server knows of itself: figures, events, services, the monitor's picture."""
