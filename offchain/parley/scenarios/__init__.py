"""Ready-made negotiations from real input: documents that ship with the package, and loaders that draw
from a seed.
"""
