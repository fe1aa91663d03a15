"""Fault campaigns: what the engine keeps when the machine under it fails."""
