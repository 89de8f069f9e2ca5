"""A stand-in for a VAST cluster on one machine: database, objects and management.

It imports nothing of the product that uses it and nothing of the vendor's clients.
"""

__version__ = "0.1.0"
