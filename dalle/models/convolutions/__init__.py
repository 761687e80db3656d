"""Convolutions of pictures [B, H, W, C], each computed the way that is fastest for its shape."""
