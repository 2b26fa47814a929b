"""Mini-games that gifts start: wheel, boss and tug, each with a draw that anybody can check."""
