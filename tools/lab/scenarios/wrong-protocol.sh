# shellcheck shell=bash
# The right hosts and ports, another protocol: HTTP on the Front End's SIP port, SSH on the gateway
# port of the Mediation Server, HTTP on the XMPP port of the Access Edge.

host fe1 10.0.2.20
host med 10.0.2.40
host access 203.0.113.10
host client1 10.0.9.21
host gw 10.0.3.5
host partner 192.0.2.69
cert fe1 fe01.contoso.example
cert access sip.contoso.example

capture_many fe1 med access
web_server fe1 10.0.2.20:5061
ssh_server med 10.0.2.40:5068
web_server access 203.0.113.10:5269
get client1 http://10.0.2.20:5061/
ssh_try gw 10.0.2.40 5068
get partner http://203.0.113.10:5269/
keep
