"""Walks over the typed graph: meta-path PageRank, personalized PageRank with restart, PageRank."""
