"""From a text to a circuit."""
