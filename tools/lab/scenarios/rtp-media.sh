# shellcheck shell=bash
# A call's media between an internal client and the Mediation Server: RTP and RTCP, both directions.

host client1 10.0.9.21
host med 10.0.2.40
silent client1
silent med

capture med
tone client1 50010 10.0.2.40:50000 1.4
tone med 50000 10.0.9.21:50010 1.4
sleep 3
keep
