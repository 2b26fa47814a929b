"""Profiles: what people show of themselves, and whom they follow."""
