"""Other people's published weights: recognised by their names, put into networks of Earmark."""
