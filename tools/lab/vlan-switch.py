#!/usr/bin/env python3
"""A switch of two ports: vlan-switch.py ACCESS TRUNK VID

What comes in on ACCESS leaves on TRUNK with an 802.1Q tag; what comes in on TRUNK leaves on ACCESS
without. Stands in for VLAN interfaces, which not every kernel has. The kernel takes the tag off a
received frame before it hands it to a packet socket, so only adding it is our work.
"""
import select
import socket
import struct
import sys

ETH_P_ALL = 3
PACKET_OUTGOING = 4


def port(name):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    s.bind((name, 0))
    return s


access, trunk = port(sys.argv[1]), port(sys.argv[2])
tag = struct.pack("!HH", 0x8100, int(sys.argv[3]))
while True:
    for s in select.select([access, trunk], [], [])[0]:
        frame, where = s.recvfrom(65535)
        if where[2] == PACKET_OUTGOING:
            continue
        if s is access:
            trunk.send(frame[:12] + tag + frame[12:])
        else:
            access.send(frame)
