"""The page, its API, and the engine that draws for both."""
