"""Reports: one run as JSON, JUnit XML, Markdown and one HTML page. They show what was judged, and judge nothing."""
