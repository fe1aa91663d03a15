"""Long campaigns: a short version of each runs with the tests, the long one has a `make` target."""
