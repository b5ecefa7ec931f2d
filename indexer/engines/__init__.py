"""Vector engines behind one interface: Qdrant embedded in the process, or a Qdrant server."""
