"""Creators' available earnings on their way out: asked for, reviewed, paid or returned, and a month of them as CSV."""
