# shellcheck shell=bash
# Encrypted media between two Front Ends, in the audio range.

host fe1 10.0.2.20
host fe2 10.0.2.21
silent fe1
silent fe2
key=$(head -c 30 /dev/urandom | base64)

capture fe1
tone fe2 50030 10.0.2.20:50020 1.4 srtp -srtp_out_suite AES_CM_128_HMAC_SHA1_80 -srtp_out_params "$key"
tone fe1 50020 10.0.2.21:50030 1.4 srtp -srtp_out_suite AES_CM_128_HMAC_SHA1_80 -srtp_out_params "$key"
sleep 3
keep
