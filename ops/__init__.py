"""The operator's commands: accounts, keys, money and secrets, on the one-machine stack and on AWS alike."""
