"""The speed of generating pictures here, its upper bound, and the speed of others."""
