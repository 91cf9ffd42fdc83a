"""Access: who may do what with whose memory, and the record of what was done."""
