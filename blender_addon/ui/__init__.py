"""What the artist sees: each module exports CLASSES, addon.py registers them."""
