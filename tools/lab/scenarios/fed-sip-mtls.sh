# shellcheck shell=bash
# A federated partner calls through the Access Edge and is called back: two SIP servers, each with a
# certificate that the other demands, one connection per direction.

host partner 192.0.2.10
host access 203.0.113.10
cert partner sip.fabrikam.example
cert access sip.contoso.example

capture access
kamailio_start partner tls:192.0.2.10:5061 -- ask=must present=partner next='sip:203.0.113.10:5061;transport=tls'
kamailio_start access tls:203.0.113.10:5061 -- ask=must present=access next='sip:192.0.2.10:5061;transport=tls'
uas partner
uas access
call partner
call access
keep
