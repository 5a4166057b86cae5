# shellcheck shell=bash
# Web conferencing: a TLS connection of a client to 8057. What is inside is not PSOM, and cannot be seen.

host fe1 10.0.2.20
host client1 10.0.9.21
cert fe1 fe01.contoso.example

capture fe1
start fe1 openssl s_server -accept 10.0.2.20:8057 -cert "$LAB_DIR/fe1.pem" -key "$LAB_DIR/fe1.key" -rev -quiet
listening fe1 tcp 8057
{ echo hello; sleep 1; echo world; sleep 1; } | on client1 timeout 5 openssl s_client -quiet -tls1_2 \
	-connect 10.0.2.20:8057 >"$LAB_DIR/client.log" 2>&1
keep
