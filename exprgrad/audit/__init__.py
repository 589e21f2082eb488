"""Every gradient held against witnesses that do not use the chain rule."""
