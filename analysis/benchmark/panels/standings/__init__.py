"""Who stands where: ranks, every two systems, and the human master."""
