"""What a run is told as: counterexample stories, run records, JUnit."""
