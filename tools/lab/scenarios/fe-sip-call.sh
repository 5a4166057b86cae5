# shellcheck shell=bash
# Two clients register with a Front End over TLS and one calls the other; then the other Front End
# calls over MTLS. The Front End asks everyone for a certificate; clients answer with none.

host fe1 10.0.2.20
host fe2 10.0.2.21
host client1 10.0.9.21
host client2 10.0.9.22
cert fe1 fe01.contoso.example
cert fe2 fe02.contoso.example

capture fe1
kamailio_start fe1 tls:10.0.2.20:5061 -- present=fe1
kamailio_start fe2 tls:10.0.2.21:5061 -- present=fe2 next='sip:10.0.2.20:5061;transport=tls'
uas fe1
baresip_start client2 bob 9
sleep 1
baresip_start client1 alice 4 -e '/dial sip:bob@10.0.2.20:5061;transport=tls'
sleep 6
call fe2
sleep 3
keep
