"""Clips that slide into a live show: a queue, one on air at a time."""
