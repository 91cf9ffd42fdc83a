"""The guard as a running part: counted, reviewed by people, and measured all the time."""
