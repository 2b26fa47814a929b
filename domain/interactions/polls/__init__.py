"""Polls: a question with two to five choices, one final vote a person."""
