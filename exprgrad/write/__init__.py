"""Circuits and runs as text, one file per reading."""
