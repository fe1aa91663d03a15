"""Questions asked at random, their answers counted again from the exported lines."""
