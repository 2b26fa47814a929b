"""Bytewax dataflows: a flow is a function of (source, sinks)."""
