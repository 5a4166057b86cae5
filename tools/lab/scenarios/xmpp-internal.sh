# shellcheck shell=bash
# The Front End's XMPP gateway reaches the Edge: TLS from the first byte, client certificate demanded,
# an XMPP stream inside. stunnel takes the TLS off and hands the stream to an XMPP server.

host fe1 10.0.2.20
host edge 10.0.1.10
cert fe1 fe01.contoso.example
cert edge edge01.contoso.example

capture edge
prosody_start edge contoso.example 's2s_interfaces = { "127.0.0.1" }' 's2s_require_encryption = false'
tls_server edge 10.0.1.10:23456 edge 5269 must
{
	printf '%s ' "<?xml version='1.0'?><stream:stream xmlns='jabber:server'" \
		"xmlns:stream='http://etherx.jabber.org/streams' to='contoso.example'" \
		"from='fe01.contoso.example' version='1.0'>"
	sleep 1
	echo '</stream:stream>'
	sleep 1
} | on fe1 timeout 5 openssl s_client -quiet -tls1_2 -connect 10.0.1.10:23456 -CAfile "$LAB_DIR/ca.pem" \
	-cert "$LAB_DIR/fe1.pem" -key "$LAB_DIR/fe1.key" >"$LAB_DIR/client.log" 2>&1
keep
