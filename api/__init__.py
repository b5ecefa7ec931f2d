"""The faces of splicedex: command line, HTTP, web page."""
