# shellcheck shell=bash
# Two XMPP servers: the partner pings the Access Edge's domain. Streams go one way, so the answer
# comes on a stream that the Access Edge opens; both begin in clear and go on in TLS (STARTTLS).

host partner 192.0.2.69
host access 203.0.113.10
cert partner xmpp.example
cert access contoso.example
names partner --address=/contoso.example/203.0.113.10
names access --address=/xmpp.example/192.0.2.69

capture access
prosody_start partner xmpp.example 's2s_require_encryption = true'
prosody_start access contoso.example 's2s_require_encryption = true'
xmpp_ping partner xmpp.example contoso.example
sleep 1
keep
