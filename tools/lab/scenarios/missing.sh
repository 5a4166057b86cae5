# shellcheck shell=bash
# Much that should be here is not: web traffic of a Front End, one federated call from the Access Edge
# to the host that is also the XMPP partner, and no XMPP at all.

host fe1 10.0.2.20
host fe2 10.0.2.21
host client1 10.0.9.21
host access 203.0.113.10
host partner 192.0.2.69
cert fe1 web.contoso.example
cert access sip.contoso.example
cert partner sip.xmpp.example

capture_many fe1 access
web_server fe1 10.0.2.20:80 '10.0.2.20:443 ssl'
get client1 https://10.0.2.20/meet/ --tls-max 1.2
get fe2 http://10.0.2.20/
kamailio_start partner tls:192.0.2.69:5061 -- ask=must
kamailio_start access tls:203.0.113.10:5061 -- ask=must present=access next='sip:192.0.2.69:5061;transport=tls'
uas partner
call access
keep
