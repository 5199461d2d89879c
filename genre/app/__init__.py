"""`genre app`: a web page to drop songs on, and an API endpoint."""
