"""What creators see of their streams: exact numbers from history, each with its definition."""
