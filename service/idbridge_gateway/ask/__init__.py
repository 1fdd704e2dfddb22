"""Ask by link: a business signs in through the node itself, asks somebody by a link, and prints the answer."""
