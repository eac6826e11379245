"""Explanations in words: contributions into sentences."""
