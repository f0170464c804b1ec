"""The model's side: the command line, the broker, the workers and the engines."""
