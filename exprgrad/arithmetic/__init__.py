"""What gates compute: on float64, and on arrays of it."""
