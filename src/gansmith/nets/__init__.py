"""Networks and their parts, on torch alone; each fits 1, 3 or 4 channels and any size from 8 up."""
