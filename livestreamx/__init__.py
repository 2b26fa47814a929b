"""The ground everyone stands on: contracts, settings, engines, the embedded stack."""
