"""Tests the evaluation on recorded incidents, on small cases made by the tests."""
