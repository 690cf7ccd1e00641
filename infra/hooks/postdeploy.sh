#!/bin/sh
# Second phase of the Event Grid set-up, after the code is deployed: the subscription needs the app to answer its handshake and
# the app's system key. Running it again changes nothing. Needs az.
set -eu

command -v az >/dev/null 2>&1 || { echo "postdeploy: 'az' is needed and was not found." >&2; exit 1; }
: "${AZURE_FUNCTION_APP_NAME:?postdeploy: run by azd, which sets the outputs of infra/main.bicep}"
: "${RESOURCE_GROUP:?}" "${EVENT_GRID_TOPIC_NAME:?}"

# The host makes the key when it has loaded the blob trigger for the first time.
attempt=1
while :; do
  key=$(az functionapp keys list --name "$AZURE_FUNCTION_APP_NAME" --resource-group "$RESOURCE_GROUP" --query systemKeys.blobs_extension --output tsv 2>/dev/null || true)
  [ -z "$key" ] || break
  [ "$attempt" -lt 20 ] || { echo "postdeploy: the app has no key 'blobs_extension': did it start? See its log stream." >&2; exit 1; }
  echo "postdeploy: waiting for the app to load its triggers (attempt $attempt of 20)."
  attempt=$((attempt + 1))
  sleep 15
done

az eventgrid system-topic event-subscription create \
  --name intake \
  --resource-group "$RESOURCE_GROUP" \
  --system-topic-name "$EVENT_GRID_TOPIC_NAME" \
  --endpoint-type webhook \
  --endpoint "https://$AZURE_FUNCTION_APP_NAME.azurewebsites.net/runtime/webhooks/blobs?functionName=Host.Functions.ArtifactDropped&code=$key" \
  --included-event-types Microsoft.Storage.BlobCreated \
  --subject-begins-with /blobServices/default/containers/intake/ \
  --output none
echo "postdeploy: blobs dropped into intake start the app now."
echo "postdeploy: dashboard ${SERVICE_SELFDEV_BASE_URL:-https://$AZURE_FUNCTION_APP_NAME.azurewebsites.net/}"
