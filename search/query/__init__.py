"""From text to a plan: parse, normalize, resolve concepts, plan."""
