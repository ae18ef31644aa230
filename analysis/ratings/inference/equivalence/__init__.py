"""When two systems are said to be equivalent: the tests, and what shows that they could fail."""
