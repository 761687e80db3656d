"""Going on with a picture: some of its codes are kept, the others are sampled."""
