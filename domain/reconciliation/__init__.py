"""Whether all places that know of money agree, to the token: ledger, gifts, history and leaderboards."""
