"""HTTP on the wire: connections, limits on every byte, addresses that may be dialled."""
