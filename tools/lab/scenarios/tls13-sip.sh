# shellcheck shell=bash
# The same as fe-sip-call in TLS 1.3, where certificates are encrypted: a client without and a Front
# End with a certificate.

host fe1 10.0.2.20
host fe2 10.0.2.21
host client1 10.0.9.21
cert fe1 fe01.contoso.example
cert fe2 fe02.contoso.example

capture fe1
kamailio_start fe1 tls:10.0.2.20:5061 -- present=fe1 method=TLSv1.2+
kamailio_start fe2 tls:10.0.2.21:5061 -- present=fe2 method=TLSv1.2+ next='sip:10.0.2.20:5061;transport=tls'
uas fe1
baresip_start client1 alice 2
sleep 3
call fe2
keep pcapng
