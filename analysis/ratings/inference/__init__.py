"""From ratings to a result: design, screening, choice of test, decision, self-checks."""
