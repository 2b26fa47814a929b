"""The recommender beside its peers on a log of visits."""
