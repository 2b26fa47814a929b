"""Raids: sending the room on to another stream."""
