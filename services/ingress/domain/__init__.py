"""Pure decisions of the door: who the caller is, what they may see, how a refusal reads."""
