"""How long exprgrad takes, beside others that do the same job: ``python tests/benchmarks``."""
