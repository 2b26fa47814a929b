"""Abuse of money: how fast may be given, who shares a card, who gives in circles, and flags for admins."""
