"""How the starter was made, and how you make your own."""
