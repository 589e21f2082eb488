"""What is worth saying about a run: kinks, values that are not finite, their causes and remedies."""
