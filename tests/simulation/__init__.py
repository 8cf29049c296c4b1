"""Schedules of everything that can go wrong, each from one seed: same seed, same history."""
