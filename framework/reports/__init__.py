"""Reports about a gateway: its status, sources and settings, as the REST contract names them."""
