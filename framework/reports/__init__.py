"""What a gateway shows of itself, in the words of the REST contract."""
