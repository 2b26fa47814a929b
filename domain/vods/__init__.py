"""Clips that creators bring: to be watched by themselves, and to slide into a live show."""
