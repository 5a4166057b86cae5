# shellcheck shell=bash
# The gateway calls the Mediation Server's port 5068 over UDP. Captured as Linux cooked v1.

host gw 10.0.3.5
host med 10.0.2.40

capture_in med -i any -y LINUX_SLL
sip_tcp_server med 10.0.2.40:5068 u1
sip_tcp_call gw 10.0.2.40:5068 u1
keep
