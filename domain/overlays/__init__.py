"""What creators lay over their shows: pictures of their own and words, over all of them or over some."""
