# shellcheck shell=bash
#
# The programs several scenarios share, each with the smallest configuration that does its job.

# kamailio_start HOST LISTEN... -- KEY=VALUE...
#
# A SIP server. Requests that come in by loopback (from sipp) go to the next hop; requests from the
# network go to whoever registered, else to 127.0.0.1:5070 (sipp again). So two of them and two
# sipp make a whole conversation between servers.
#
#   next=URI        next hop of what comes from loopback
#   cert=NAME       certificate of the server side
#   present=NAME    certificate shown when it opens a connection itself; none: it shows nothing
#   ask=no|yes|must whether it asks for the certificate of those who connect
#   method=TLSv1.2  the TLS version
kamailio_start() {
	local host=$1 listens=() next='' cert=$1 present='' ask=yes method=TLSv1.2 dir l
	shift
	while [[ $# -gt 0 && $1 != -- ]]; do listens+=("$1"); shift; done
	shift
	for l; do local "${l?}"; done
	dir=$LAB_DIR/$host-kamailio
	mkdir -p "$dir"
	{
		echo "[server:default]"
		echo "method = $method"
		echo "certificate = $LAB_DIR/$cert.pem"
		echo "private_key = $LAB_DIR/$cert.key"
		echo "ca_list = $LAB_DIR/ca.pem"
		echo "verify_certificate = $([[ $ask == no ]] && echo no || echo yes)"
		echo "require_certificate = $([[ $ask == must ]] && echo yes || echo no)"
		echo "[client:default]"
		echo "method = $method"
		echo "ca_list = $LAB_DIR/ca.pem"
		echo "verify_certificate = yes"
		echo "require_certificate = yes"
		if [[ -n $present ]]; then
			echo "certificate = $LAB_DIR/$present.pem"
			echo "private_key = $LAB_DIR/$present.key"
		fi
	} >"$dir/tls.cfg"
	{
		cat <<-EOF
			#!KAMAILIO
			debug=2
			log_stderror=yes
			fork=yes
			children=1
			tcp_children=1
			auto_aliases=no
			enable_tls=yes
			tcp_connection_lifetime=600
			listen=udp:127.0.0.1:5060
		EOF
		for l in "${listens[@]}"; do echo "listen=$l"; done
		cat <<-EOF
			loadmodule "tls.so"
			loadmodule "tm.so"
			loadmodule "sl.so"
			loadmodule "rr.so"
			loadmodule "pv.so"
			loadmodule "xlog.so"
			loadmodule "siputils.so"
			loadmodule "textops.so"
			loadmodule "nathelper.so"
			loadmodule "usrloc.so"
			loadmodule "registrar.so"
			modparam("tls", "config", "$dir/tls.cfg")
			modparam("nathelper|registrar", "received_avp", "\$avp(rcv)")
			request_route {
			        if (loose_route()) { t_relay(); exit; }
			        if (!is_method("REGISTER|ACK")) record_route();
			        if (src_ip == 127.0.0.1) { \$du = "${next:-sip:127.0.0.1:9}"; t_relay(); exit; }
			        if (is_method("REGISTER")) { fix_nated_register(); save("location"); exit; }
			        if (is_method("INVITE|MESSAGE")) add_contact_alias();
			        if (lookup("location")) { t_relay(); exit; }
			        if (is_method("OPTIONS") && \$rU == \$null) { sl_send_reply("200", "OK"); exit; }
			        \$du = "sip:127.0.0.1:5070";
			        t_relay();
			}
		EOF
	} >"$dir/kamailio.cfg"
	start "$host" kamailio -DD -E -m 32 -M 4 -f "$dir/kamailio.cfg" -Y "$dir" -P "$dir/pid"
	listening "$host" udp 5060
	for l in "${listens[@]}"; do listening "$host" tcp "${l##*:}"; done
}

# kamailio_stop HOST : by its own process number, and waits until its port is free
kamailio_stop() {
	local i
	kill "$(cat "$LAB_DIR/$1-kamailio/pid")"
	for ((i = 0; i < 50; i++)); do
		on "$1" ss -lnu | grep -q :5060 || return 0
		sleep 0.1
	done
}

# uas HOST : answers calls on loopback port 5070
uas() { start "$1" sipp -sn uas -i 127.0.0.1 -p 5070 -nostdin -m "${2:-10}"; listening "$1" udp 5070; }

# call HOST : one call, INVITE to BYE, through the SIP server of this host
call() {
	on "$1" timeout 20 sipp -sn uac -s service -i 127.0.0.1 -p 5071 127.0.0.1:5060 -m 1 -d 300 \
		-nostdin -timeout 15 >"$LAB_DIR/$1-uac.log" 2>&1 || say "$1: the call failed"
}

# baresip_start HOST USER SECONDS [ARGUMENT...] : a SIP client, TLS only, of $REGISTRAR or Front End 1.
# It answers calls by itself, plays a tone, and leaves (with BYE and REGISTER 0) after SECONDS.
baresip_start() {
	local host=$1 user=$2 seconds=$3 dir=$LAB_DIR/$1-baresip
	shift 3
	mkdir -p "$dir"
	cat >"$dir/config" <<-EOF
		sip_transports tls
		audio_player aubridge,x
		audio_source ausine,440
		audio_alert aubridge,y
		ausrc_srate 48000
		auplay_srate 48000
		module_path /usr/lib/baresip/modules
		module stdio.so
		module g711.so
		module ausine.so
		module aubridge.so
		module_tmp account.so
		module_app menu.so
		rtp_ports 49200-49210
	EOF
	echo "<sip:$user@${REGISTRAR-10.0.2.20:5061};transport=tls>;auth_pass=none;regint=600;answermode=auto" \
		>"$dir/accounts"
	: >"$dir/contacts"
	start "$host" baresip -f "$dir" -t "$seconds" "$@"
}

# sip_tcp_server HOST ADDRESS:PORT [t1|u1] : answers calls in clear
sip_tcp_server() {
	start "$1" sipp -sn uas -t "${3-t1}" -i "${2%:*}" -p "${2##*:}" -nostdin
	if [[ ${3-t1} == u1 ]]; then listening "$1" udp "${2##*:}"; else listening "$1" tcp "${2##*:}"; fi
}

# sip_tcp_call HOST ADDRESS:PORT [t1|u1] : one call in clear
sip_tcp_call() {
	on "$1" timeout 20 sipp -sn uac -t "${3-t1}" -s service -i "$(address "$1")" "$2" -m 1 -d 300 \
		-nostdin -timeout 15 >"$LAB_DIR/$1-uac.log" 2>&1 || say "$1: the call to $2 failed"
}

# tls_server HOST ADDRESS:PORT CERT TARGETPORT [no|yes|must] : stunnel before a service on loopback
tls_server() {
	local f=$LAB_DIR/$1-stunnel-${2##*:}.conf
	cat >"$f" <<-EOF
		foreground = yes
		syslog = no
		pid =
		sslVersionMax = TLSv1.2
		[service]
		accept = $2
		connect = 127.0.0.1:$4
		cert = $LAB_DIR/$3.both
		CAfile = $LAB_DIR/ca.pem
		requireCert = $([[ ${5-no} == must ]] && echo yes || echo no)
		verifyChain = $([[ ${5-no} == no ]] && echo no || echo yes)
	EOF
	start "$1" stunnel4 "$f"
	listening "$1" tcp "${2##*:}"
}

# tls_client HOST LOCALPORT ADDRESS:PORT [CERT] : stunnel from loopback to a TLS service
tls_client() {
	local f=$LAB_DIR/$1-stunnel-out-$2.conf
	cat >"$f" <<-EOF
		foreground = yes
		syslog = no
		pid =
		client = yes
		sslVersionMax = TLSv1.2
		[service]
		accept = 127.0.0.1:$2
		connect = $3
		${4:+cert = $LAB_DIR/$4.both}
	EOF
	start "$1" stunnel4 "$f"
	listening "$1" tcp "$2"
}

# web_server HOST LISTEN... : nginx; a listen is "80" or "443 ssl"; needs the certificate HOST
web_server() {
	local host=$1 dir=$LAB_DIR/$1-nginx l
	shift
	mkdir -p "$dir/html"
	chmod 755 "$dir"
	echo '<html><body>Contoso lab</body></html>' >"$dir/html/index.html"
	{
		echo "user root; worker_processes 1; daemon off; pid $dir/pid; error_log $dir/error.log;"
		echo "events { worker_connections 32; }"
		echo "http { access_log off; server_tokens off; root $dir/html;"
		echo "client_body_temp_path $dir/b; proxy_temp_path $dir/p; fastcgi_temp_path $dir/f;"
		echo "uwsgi_temp_path $dir/u; scgi_temp_path $dir/s;"
		echo "ssl_certificate $LAB_DIR/$host.pem; ssl_certificate_key $LAB_DIR/$host.key;"
		echo "server {"
		for l; do echo "listen $l;"; done
		echo "} }"
	} >"$dir/nginx.conf"
	start "$host" nginx -e "$dir/error.log" -c "$dir/nginx.conf"
	for l; do l=${l%% *}; listening "$host" tcp "${l##*:}"; done
}

# get HOST URL [CURL ARGUMENT...]
get() { on "$1" curl -sS -k -m 5 -o /dev/null "${@:2}" 2>>"$LAB_DIR/$1-curl.log"; }

# smb_config HOST [LINE] : samba with one share, guests may write
smb_config() {
	local dir=$LAB_DIR/$1-samba d
	mkdir -p "$dir/share"
	chmod 777 "$dir/share"
	{
		echo "[global]"
		echo "workgroup = CONTOSO"
		echo "server role = standalone"
		echo "map to guest = bad user"
		echo "guest account = nobody"
		echo "smb ports = 445"
		echo "disable netbios = yes"
		echo "load printers = no"
		echo "${2-}"
		for d in lock state cache pid "private" "ncalrpc"; do
			mkdir -p "$dir/$d"
			[[ $d == private || $d == ncalrpc ]] || echo "$d directory = $dir/$d"
		done
		echo "private dir = $dir/private"
		echo "ncalrpc dir = $dir/ncalrpc"
		echo "[xds-replica]"
		echo "path = $dir/share"
		echo "guest ok = yes"
		echo "read only = no"
	} >"$dir/smb.conf"
}

# smb_server HOST
smb_server() {
	smb_config "$1"
	start "$1" smbd -F --no-process-group -s "$LAB_DIR/$1-samba/smb.conf" -l "$LAB_DIR/$1-samba" \
		--debug-stdout
	listening "$1" tcp 445
}

# smb_put HOST ADDRESS : a small file to the share, and a listing
smb_put() {
	echo 'replica status' >"$LAB_DIR/status.txt"
	on "$1" timeout 10 smbclient -N -m SMB3 -s /dev/null "//$2/xds-replica" \
		-c "put $LAB_DIR/status.txt status.txt; ls" >"$LAB_DIR/$1-smbclient.log" 2>&1
}

# prosody_start HOST DOMAIN [LUA LINE...] : an XMPP server for one domain; its certificate is HOST
prosody_start() {
	local host=$1 domain=$2 dir=$LAB_DIR/$1-prosody
	shift 2
	mkdir -p "$dir/data"
	{
		cat <<-EOF
			run_as_root = true
			daemonize = false
			pidfile = "$dir/pid"
			data_path = "$dir/data"
			log = { debug = "$dir/log" }
			modules_enabled = { "s2s", "tls", "saslauth", "dialback", "disco", "ping", "admin_shell" }
			modules_disabled = { "c2s", "offline", "http", "posix" }
			c2s_ports = {}
			authentication = "internal_plain"
			s2s_interfaces = { "$(address "$host")" }
			ssl = { certificate = "$LAB_DIR/$host.pem"; key = "$LAB_DIR/$host.key"; cafile = "$LAB_DIR/ca.pem"; protocol = "tlsv1_2" }
		EOF
		printf '%s\n' "$@"
		echo "VirtualHost \"$domain\""
	} >"$dir/prosody.cfg.lua"
	start "$host" prosody -F --config "$dir/prosody.cfg.lua"
	listening "$host" tcp "${PROSODY_PORT-5269}"
}

# xmpp_ping HOST FROM TO : server to server ping, by the server on HOST
xmpp_ping() {
	on "$1" timeout 15 prosodyctl --config "$LAB_DIR/$1-prosody/prosody.cfg.lua" shell \
		"xmpp:ping('$2', '$3', 8)" >"$LAB_DIR/$1-ping.log" 2>&1
	say "$(tail -n 1 "$LAB_DIR/$1-ping.log")"
}

# names HOST DNSMASQ-OPTION... : a resolver on the loopback of HOST
names() {
	local host=$1
	shift
	start "$host" dnsmasq -k --no-resolv --no-hosts --no-daemon --user=root --pid-file= \
		--conf-file=/dev/null --listen-address=127.0.0.1 --bind-interfaces "$@"
	listening "$host" udp 53
}

# tone HOST LOCALPORT ADDRESS:PORT SECONDS [SCHEME [FFMPEG ARGUMENT...]] : RTP (PCMU, 20 ms) and RTCP
tone() {
	local scheme=${5-rtp} to
	to="$scheme://$3?localrtpport=$2&localrtcpport=$(($2 + 1))&rtcpport=$((${3##*:} + 1))&pkt_size=200"
	start "$1" ffmpeg -nostdin -loglevel warning -re -f lavfi -i sine=440:r=8000:samples_per_frame=160 \
		-t "$4" -c:a "${CODEC-pcm_mulaw}" "${@:6}" -f rtp "$to"
}

# ssh_server HOST ADDRESS:PORT
ssh_server() {
	local dir=$LAB_DIR/$1-sshd
	mkdir -p "$dir" /run/sshd
	ssh-keygen -q -t ed25519 -N '' -f "$dir/key"
	start "$1" /usr/sbin/sshd -D -e -f /dev/null -h "$dir/key" -o "ListenAddress=${2%:*}" \
		-o "Port=${2##*:}" -o "PidFile=none" -o UsePAM=no
	listening "$1" tcp "${2##*:}"
}

# ssh_try HOST ADDRESS PORT : a key exchange, and no way in
ssh_try() {
	on "$1" timeout 5 ssh -F /dev/null -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
		-o BatchMode=yes -o IdentitiesOnly=yes -o IdentityFile=none -p "$3" "nobody@$2" true \
		2>"$LAB_DIR/$1-ssh.log"
	:
}

# tls_end HOST NAME s_server|s_client ARGUMENT... : one end of a TLS connection that says what
# tls_says NAME is given; its own commands among them (R, c: s_server(1); Q: s_client(1)).
declare -A LAB_MOUTH=()
tls_end() {
	local host=$1 name=$2 fd
	shift 2
	mkfifo "$LAB_DIR/$name.in"
	exec {fd}<>"$LAB_DIR/$name.in"
	LAB_MOUTH[$name]=$fd
	start "$host" bash -c 'in=$1; shift; exec openssl "$@" <"$in"' "$name" "$LAB_DIR/$name.in" "$@"
}

# tls_says NAME TEXT : with printf's escapes
tls_says() {
	# shellcheck disable=SC2059
	printf "$2" >&"${LAB_MOUTH[$1]}"
	sleep 0.5
}

# An OPTIONS and its answer, as two ends of TLS say them to each other
sip_options() {
	printf '%s\r\n' 'OPTIONS sip:fe01.contoso.example SIP/2.0' \
		'Via: SIP/2.0/TLS 10.0.2.21:49999;branch=z9hG4bK1' 'Max-Forwards: 70' \
		'From: <sip:fe02.contoso.example>;tag=1' 'To: <sip:fe01.contoso.example>' \
		'Call-ID: lab-1' 'CSeq: 1 OPTIONS' 'Content-Length: 0' ''
}
sip_answer() {
	printf '%s\r\n' 'SIP/2.0 200 OK' 'Via: SIP/2.0/TLS 10.0.2.21:49999;branch=z9hG4bK1' \
		'From: <sip:fe02.contoso.example>;tag=1' 'To: <sip:fe01.contoso.example>;tag=2' \
		'Call-ID: lab-1' 'CSeq: 1 OPTIONS' 'Content-Length: 0' ''
}

# tls_talk CLIENT SERVER : the two, once
tls_talk() {
	sip_options >&"${LAB_MOUTH[$1]}"
	sleep 0.5
	sip_answer >&"${LAB_MOUTH[$2]}"
	sleep 0.5
}
