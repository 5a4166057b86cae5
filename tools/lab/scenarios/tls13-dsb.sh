# shellcheck shell=bash
# SIP inside TLS 1.3: a Front End that shows its certificate, and a client that is asked and shows
# none. The secrets of both stand in the capture, in a decryption secrets block.

host fe1 10.0.2.20
host fe2 10.0.2.21
host client1 10.0.9.21
cert fe1 fe01.contoso.example
cert fe2 fe02.contoso.example

capture fe1
tls_end fe1 server s_server -accept 10.0.2.20:5061 -tls1_3 -cert "$LAB_DIR/fe1.pem" -key "$LAB_DIR/fe1.key" \
	-CAfile "$LAB_DIR/ca.pem" -verify 2
listening fe1 tcp 5061
tls_end fe2 client s_client -connect 10.0.2.20:5061 -tls1_3 -cert "$LAB_DIR/fe2.pem" -key "$LAB_DIR/fe2.key" \
	-CAfile "$LAB_DIR/ca.pem" -keylogfile "$LAB_DIR/keys.log"
sleep 1
tls_talk client server
tls_says client 'Q\n'
tls_end client1 bare s_client -connect 10.0.2.20:5061 -tls1_3 -CAfile "$LAB_DIR/ca.pem" -keylogfile "$LAB_DIR/keys.log"
sleep 1
tls_talk bare server
tls_says bare 'Q\n'
inject_keys "$LAB_DIR/keys.log"
keep
