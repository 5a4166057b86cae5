# shellcheck shell=bash
# A connection between Front Ends that was there before the capture began: its handshake is not seen.

host fe1 10.0.2.20
host fe2 10.0.2.21
cert fe1 fe01.contoso.example
cert fe2 fe02.contoso.example
kamailio_start fe1 tls:10.0.2.20:5061 -- present=fe1
kamailio_start fe2 tls:10.0.2.21:5061 -- present=fe2 next='sip:10.0.2.20:5061;transport=tls'
uas fe1
call fe2

capture fe1
call fe2
keep
