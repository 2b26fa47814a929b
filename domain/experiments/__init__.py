"""Two versions of the recommendations served side by side, and which of them people take up."""
