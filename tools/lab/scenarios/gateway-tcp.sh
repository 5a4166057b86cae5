# shellcheck shell=bash
# A PSTN gateway and the Mediation Server call each other: SIP in clear over TCP both ways, and over TLS.

host gw 10.0.3.5
host med 10.0.2.40
cert med med01.contoso.example

capture med
sip_tcp_server med 10.0.2.40:5068
sip_tcp_server gw 10.0.3.5:5081
sip_tcp_call gw 10.0.2.40:5068
sip_tcp_call med 10.0.3.5:5081
sip_tcp_server med 127.0.0.1:5060
tls_server med 10.0.2.40:5067 med 5060
tls_client gw 5061 10.0.2.40:5067
on gw timeout 20 sipp -sn uac -t t1 -s service -i 127.0.0.1 127.0.0.1:5061 -m 1 -d 300 -nostdin \
	-timeout 15 >"$LAB_DIR/gw-tls.log" 2>&1 || say "the call over TLS failed"
keep
