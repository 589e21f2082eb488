"""Whether a wrong catalogue or wrong code fails a test: ``python tests/mutation``."""
