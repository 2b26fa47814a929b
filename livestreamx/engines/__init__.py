"""Clients of the four engines, the emitter, the outbox relay and the migrations."""
