"""A small durable single-node log that speaks the Kafka protocol to unmodified clients.

It stands in for Kafka on one machine; anything larger is a real Kafka by URL.
"""
