"""What players descend: pure functions of logits, pictures and networks, on torch alone."""
