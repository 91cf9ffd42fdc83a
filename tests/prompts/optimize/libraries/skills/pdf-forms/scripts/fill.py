print("not a prompt, and kept as it is")
