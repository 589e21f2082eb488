"""Any bytes as a formula, a value, a command line or a file: a result or a clear error.  See CONTRIBUTING.md."""
