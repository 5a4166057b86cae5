# shellcheck shell=bash
# TLS 1.2 between Front Ends that asks for the certificate only in a second handshake, inside the
# first; with the key log.

host fe1 10.0.2.20
host fe2 10.0.2.21
cert fe1 fe01.contoso.example
cert fe2 fe02.contoso.example

capture fe1
tls_end fe1 server s_server -accept 10.0.2.20:5061 -tls1_2 -cert "$LAB_DIR/fe1.pem" -key "$LAB_DIR/fe1.key" \
	-CAfile "$LAB_DIR/ca.pem" -no_ticket -no_cache
listening fe1 tcp 5061
tls_end fe2 client s_client -connect 10.0.2.20:5061 -tls1_2 -cert "$LAB_DIR/fe2.pem" -key "$LAB_DIR/fe2.key" \
	-CAfile "$LAB_DIR/ca.pem" -keylogfile "$LAB_DIR/keys.log"
sleep 1
tls_talk client server
tls_says server 'R\n'
tls_talk client server
tls_says client 'Q\n'
keep
keep_keys "$LAB_DIR/keys.log"
