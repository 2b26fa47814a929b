"""Subscriptions to channels: paid monthly at Stripe, or given by others, and what creators earn by them."""
