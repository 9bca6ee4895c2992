"""The studio: a local server and its pages, to watch trainings and to play with what they learned. Extra `studio`."""
