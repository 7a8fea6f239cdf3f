"""A page to draw on, in the browser, over the queue of the server."""
