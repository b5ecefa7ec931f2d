"""Query processing: read what is meant, parse, normalize the tree, resolve concepts, plan."""
