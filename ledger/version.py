"""The version of the engine, in one place: the distribution and every report name it."""

VERSION = "0.1.0"
