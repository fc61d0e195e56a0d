"""How the sample mission's files were derived from their upstream sources (`build_sample.py`)."""
