"""How well pictures fit their prompt: CLIP, likelihood, the wanted things, and their order."""
