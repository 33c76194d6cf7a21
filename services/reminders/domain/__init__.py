"""Pure rules of due times, recipients and channels; time and identity are arguments."""
