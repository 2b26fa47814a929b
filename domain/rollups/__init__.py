"""Rollups of history: what dashboards read instead of raw events."""
