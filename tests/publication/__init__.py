"""Les publications : données essentielles, 360Giving, FEC, commandes rejouables."""
