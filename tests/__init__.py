"""Tests: see CONTRIBUTING.md for where each kind goes."""
