"""Models with listeners and passages as samples, fitted with a proof of their optimum."""
