# shellcheck shell=bash
# The Central Management master writes to a host that plays no role.

host fe1 10.0.2.20
host other 10.0.99.9

capture other
smb_server other
smb_put fe1 10.0.99.9
keep
