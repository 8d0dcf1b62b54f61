"""The wire format of every provider on loopback, with faults to order."""
