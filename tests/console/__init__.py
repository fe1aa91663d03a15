"""Tests of the console: its pages asked in this process, without a browser nor a socket."""
