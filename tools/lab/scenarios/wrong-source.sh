# shellcheck shell=bash
# Replication by a Front End that is not the Central Management master, and the XMPP gateway port
# reached by a Director, which fits only the printed "Any".

host fe2 10.0.2.21
host med 10.0.2.40
host director 10.0.2.30
host edge 10.0.1.10
cert director dir01.contoso.example
cert edge edge01.contoso.example

capture_many med edge
smb_server med
smb_put fe2 10.0.2.40
start edge openssl s_server -accept 10.0.1.10:23456 -cert "$LAB_DIR/edge.pem" -key "$LAB_DIR/edge.key" \
	-CAfile "$LAB_DIR/ca.pem" -Verify 2 -rev -quiet
listening edge tcp 23456
{ echo hello; sleep 1; } | on director timeout 5 openssl s_client -quiet -tls1_2 -connect 10.0.1.10:23456 \
	-cert "$LAB_DIR/director.pem" -key "$LAB_DIR/director.key" >"$LAB_DIR/client.log" 2>&1
keep
