"""Commands that choose images, to list or to tag them: one module each, and what they share."""
