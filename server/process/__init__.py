"""How the server runs: uvicorn, its connections, several workers, the log."""
