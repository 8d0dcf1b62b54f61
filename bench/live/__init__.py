"""What the figures of live feeds are measured with: exchanges, peers, servers and readers."""
