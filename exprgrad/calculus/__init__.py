"""Circuits of derivatives, made with the chain rule: of any order, in any direction."""
