"""What every request passes: limits, security, timeouts, bounded threads."""
