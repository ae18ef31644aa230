"""What the songs at hand can say of the order of systems: pairs, ranks, and their limits."""
