# shellcheck shell=bash
# The partner asks the Access Edge for a domain that it does not serve: a stream error before TLS.

host partner 192.0.2.69
host access 203.0.113.10
cert partner xmpp.example
cert access contoso.example
names partner --address=/gone.example/203.0.113.10

capture access
prosody_start access contoso.example
prosody_start partner xmpp.example
xmpp_ping partner xmpp.example gone.example
keep
