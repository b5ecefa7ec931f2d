"""Query processing: parse the text, normalize the tree, resolve concepts, make a plan."""
