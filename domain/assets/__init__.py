"""Files that people bring: pictures and sounds for their pages and shows."""
