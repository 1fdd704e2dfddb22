"""The demo: a living pretend region with two real nodes, and every case of the catalogue put to them."""
