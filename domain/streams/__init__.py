"""Streams: their life from announcement to recording, and what can be said about them at any moment."""
