"""Gifts that act: what may be asked for, what a channel allows, the queue, and the scene that commands change."""
