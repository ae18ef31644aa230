"""Songs made by rule, for the demo and the tests: composed, played, mixed and mastered."""
