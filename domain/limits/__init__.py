"""Limits that people set themselves: how much they spend in a day or a week, and times without spending."""
