"""From a prompt to ranked pictures: the token loop, the sampler, the ranking, the pipeline."""
