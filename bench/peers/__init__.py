"""The same windows by other means. Each file runs alone: BOOTSTRAP TOPIC COUNT END, and prints one line of JSON."""
