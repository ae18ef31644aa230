"""What commands share at the terminal: options and progress."""
