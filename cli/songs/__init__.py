"""Commands that write songs: demo songs, and songs for effect modelling."""
