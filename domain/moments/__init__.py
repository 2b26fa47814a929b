"""One moment of a stream, with what was going on around it."""
