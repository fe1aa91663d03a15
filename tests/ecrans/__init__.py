"""The console in a real Chromium. Apart from `make test`: `make ecrans` installs and runs them."""
