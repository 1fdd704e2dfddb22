"""What the suite is to a gateway under test: its relying parties, its wallets and its browsers."""
