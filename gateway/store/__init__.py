"""What Waystone remembers. Only this package knows SQL; others hand its functions to a `Database`."""
