"""What is inside a network: its filters, and what its controls do."""
