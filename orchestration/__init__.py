"""Dagster assets, jobs, checks and schedules over features and ranking."""
