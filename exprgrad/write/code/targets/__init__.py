"""What each language's conventions are: a new target is a new file here, and a word in TARGETS."""
