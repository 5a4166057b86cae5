# shellcheck shell=bash
# Federation on other ports than the table's: SIP on 5065 instead of 5061, XMPP on 5270 instead of 5269.

host partner 192.0.2.10
host xpartner 192.0.2.69
host access 203.0.113.10
cert xpartner xmpp.example
cert access contoso.example
names xpartner --address=/contoso.example/203.0.113.10 \
	--srv-host=_xmpp-server._tcp.contoso.example,contoso.example,5270

capture access
sip_tcp_server access 203.0.113.10:5065
sip_tcp_call partner 203.0.113.10:5065
PROSODY_PORT=5270 prosody_start access contoso.example 's2s_ports = { 5270 }'
prosody_start xpartner xmpp.example
xmpp_ping xpartner xmpp.example contoso.example
keep
