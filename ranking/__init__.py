"""Hybrid recommendations: retrieval, blending, evaluation, versioned artifacts and serving."""
