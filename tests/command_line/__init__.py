"""The command line: exit 0 is fine, 1 a finding, 2 misuse; what is wrong is said in a line."""
