"""Results for people, drawn by rich."""
