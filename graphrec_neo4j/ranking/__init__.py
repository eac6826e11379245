"""Scores into lists, lists into metrics: top-k, splits, metrics, evaluation."""
