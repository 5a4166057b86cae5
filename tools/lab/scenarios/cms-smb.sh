# shellcheck shell=bash
# The Central Management store is replicated: the master writes a file into a replica's share.
# Checksums are offloaded, so what the replica sends bears wrong ones, as captures on a host do.

host fe1 10.0.2.20
host fe2 10.0.2.21
offloaded fe2

capture fe2
smb_server fe2
smb_put fe1 10.0.2.21
keep
