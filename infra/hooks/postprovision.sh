#!/bin/sh
# Makes the two secrets of SelfDev's own in the key vault, once: the key ring that signs approval links and the P-256 key that
# signs the ledger's tree heads. Existing ones are left alone. Needs az and openssl.
set -eu
umask 077

for tool in az openssl; do
  command -v "$tool" >/dev/null 2>&1 || { echo "postprovision: '$tool' is needed and was not found." >&2; exit 1; }
done
: "${AZURE_KEY_VAULT_NAME:?postprovision: run by azd, which sets the outputs of infra/main.bicep}"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

has() { az keyvault secret show --vault-name "$AZURE_KEY_VAULT_NAME" --name "$1" --query id --output tsv >/dev/null 2>&1; }

# The role that allows this was assigned a moment ago and may take minutes to count.
store() { # name, file, content type
  attempt=1
  until az keyvault secret set --vault-name "$AZURE_KEY_VAULT_NAME" --name "$1" --file "$2" --encoding utf-8 --content-type "$3" --output none; do
    [ "$attempt" -lt 10 ] || { echo "postprovision: secret '$1' could not be written; see the message above." >&2; exit 1; }
    echo "postprovision: secret '$1' not written yet (attempt $attempt of 10), trying again in 30 s."
    attempt=$((attempt + 1))
    sleep 30
  done
  echo "postprovision: made secret '$1'."
}

if ! has approval-keys; then
  printf '[{"id":"k1","secret":"%s","notBefore":"%s","notAfter":"9999-12-31T23:59:59Z"}]' \
    "$(openssl rand -base64 32)" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" >"$folder/approval-keys"
  store approval-keys "$folder/approval-keys" application/json
fi

if ! has ledger-key; then
  openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out "$folder/ledger-key"
  store ledger-key "$folder/ledger-key" application/x-pem-file
fi
