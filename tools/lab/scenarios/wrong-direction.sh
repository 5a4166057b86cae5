# shellcheck shell=bash
# The Mediation Server opens a call to port 5068 of the gateway: the table has 5068 the other way.

host gw 10.0.3.5
host med 10.0.2.40

capture gw
sip_tcp_server gw 10.0.3.5:5068
sip_tcp_call med 10.0.3.5:5068
keep
