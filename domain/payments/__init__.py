"""Tokens for money: packs, checkout at Stripe, and wallets that follow what Stripe says of each payment."""
