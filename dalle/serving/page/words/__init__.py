"""Words about and for prompts: known words, a model's abilities, ideas to begin with."""
