"""Who can see a position, and when: orbits and observing constraints."""
