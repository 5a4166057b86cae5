# shellcheck shell=bash
# The right server and port, too little protection: SIP in clear on 5061; TLS on two MTLS ports, one
# server that does not ask for a certificate and one that asks and gets none; XMPP in clear on 23456.

host fe1 10.0.2.20
host fe2 10.0.2.21
host edge 10.0.1.10
cert fe1 fe01.contoso.example

capture_many fe1 edge
sip_tcp_server fe1 10.0.2.20:5061
sip_tcp_call fe2 10.0.2.20:5061
sip_tcp_server fe1 127.0.0.1:5060
tls_server fe1 10.0.2.20:5086 fe1 5060 no
tls_client fe2 5086 10.0.2.20:5086
on fe2 timeout 20 sipp -sn uac -t t1 -s service -i 127.0.0.1 127.0.0.1:5086 -m 1 -d 200 -nostdin \
	-timeout 15 >"$LAB_DIR/fe2-5086.log" 2>&1 || say "the call to 5086 failed"
kamailio_start fe1 tls:10.0.2.20:5087 -- ask=yes
kamailio_start fe2 tls:10.0.2.21:5087 -- cert=fe1 next='sip:10.0.2.20:5087;transport=tls'
uas fe1
call fe2
cert edge contoso.example
PROSODY_PORT=23456 prosody_start edge contoso.example 's2s_ports = { 23456 }' 's2s_require_encryption = false'
on fe2 python3 - <<'EOF'
import socket, time
s = socket.create_connection(("10.0.1.10", 23456), 3)
s.sendall(b"<?xml version='1.0'?><stream:stream xmlns='jabber:server' "
          b"xmlns:stream='http://etherx.jabber.org/streams' to='contoso.example' version='1.0'>")
time.sleep(0.5)
s.recv(4096)
s.sendall(b"</stream:stream>")
time.sleep(0.5)
EOF
keep
