"""Arithmetic of signals: pure functions and small state machines, no I/O but in store and offline."""
