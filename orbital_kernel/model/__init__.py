"""What everything else speaks of: schema, times, sky, predicates, observatories."""
