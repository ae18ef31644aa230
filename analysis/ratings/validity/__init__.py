"""How far metrics follow ratings: coefficients, intervals, tests, mapping, ceiling, decisions."""
