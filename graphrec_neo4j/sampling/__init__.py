"""Samplers behind PyTorch Geometric's ``BaseSampler``: small graphs out of large ones, in numba."""
