# shellcheck shell=bash
# The endpoint mapper of a Front End (135) is asked for its services. Moving users is documented, but
# this site does not declare it.

host fe1 10.0.2.20
host fe2 10.0.2.21

capture fe1
smb_config fe1 'rpc start on demand helpers = no'
start fe1 /usr/libexec/samba/samba-dcerpcd --libexec-rpcds -F -s "$LAB_DIR/fe1-samba/smb.conf" --debug-stdout
listening fe1 tcp 135
on fe2 timeout 10 rpcclient -N -s /dev/null 'ncacn_ip_tcp:10.0.2.20[135]' -c epmlookup >"$LAB_DIR/rpc.log" 2>&1
keep
