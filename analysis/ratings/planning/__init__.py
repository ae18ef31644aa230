"""Planning a listening test: power and sample size."""
