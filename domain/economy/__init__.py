"""Tokens and gifts: the wallet's two buckets, the ledger behind them, the catalogue and the gifts that were sent."""
