"""The door in front of every request: routes, sizes, rates, origins."""
