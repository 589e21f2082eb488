"""Drawn formulas through exprgrad and others: ``python tests/differential --help``."""
