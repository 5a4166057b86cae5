# shellcheck shell=bash
# RTP in datagrams larger than the MTU: each comes in two IP fragments, the second without ports.

host client1 10.0.9.21
host med 10.0.2.40
silent client1
silent med

capture med
start client1 ffmpeg -nostdin -loglevel warning -re -f lavfi -i sine=440:r=44100 -t 0.2 -ac 2 -c:a pcm_s16be \
	-f rtp 'rtp://10.0.2.40:50000?localrtpport=50010&localrtcpport=50011&rtcpport=50001&pkt_size=2000'
sleep 1.5
keep
