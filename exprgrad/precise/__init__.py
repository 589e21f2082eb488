"""What gates compute with any number of digits."""
