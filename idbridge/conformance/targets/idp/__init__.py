"""Identity providers under test: the suite is the relying party, does what it should not, and looks at what it got."""
