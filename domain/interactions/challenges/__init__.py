"""Challenges: a target that a room tries to reach in time."""
