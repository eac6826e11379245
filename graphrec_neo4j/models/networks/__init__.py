"""Networks: what turns parameters into vectors, and nothing else."""
