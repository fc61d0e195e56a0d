"""The desk: locate, fuse, assess, alert and tell, one transaction a batch."""
