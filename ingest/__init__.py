"""The door: authenticate, decode, admit or say why not, and store before answering."""
