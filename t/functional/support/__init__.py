"""What the functional and the browser tests share."""
