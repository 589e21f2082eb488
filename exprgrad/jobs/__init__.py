"""What the command does: a point of a formula, the rows of files, rows with formulas of their own."""
