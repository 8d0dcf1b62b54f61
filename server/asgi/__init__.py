"""The way in and out of the server: checks, parameters, problems, bytes."""
