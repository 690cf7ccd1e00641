# The same as postdeploy.sh, for Windows. Needs az and PowerShell 7.
$ErrorActionPreference = 'Stop'
if (-not $env:AZURE_FUNCTION_APP_NAME) { throw 'postdeploy: run by azd, which sets the outputs of infra/main.bicep' }
$app = $env:AZURE_FUNCTION_APP_NAME

# The host makes the key when it has loaded the blob trigger for the first time.
for ($attempt = 1; ; $attempt++) {
    $key = az functionapp keys list --name $app --resource-group $env:RESOURCE_GROUP --query systemKeys.blobs_extension --output tsv 2>$null
    if ($key) { break }
    if ($attempt -ge 20) { throw "postdeploy: the app has no key 'blobs_extension': did it start? See its log stream." }
    Write-Host "postdeploy: waiting for the app to load its triggers (attempt $attempt of 20)."
    Start-Sleep -Seconds 15
}

# Quoted for az.cmd, which would take the ampersand for its own.
az eventgrid system-topic event-subscription create `
    --name intake `
    --resource-group $env:RESOURCE_GROUP `
    --system-topic-name $env:EVENT_GRID_TOPIC_NAME `
    --endpoint-type webhook `
    --endpoint "`"https://$app.azurewebsites.net/runtime/webhooks/blobs?functionName=Host.Functions.ArtifactDropped&code=$key`"" `
    --included-event-types Microsoft.Storage.BlobCreated `
    --subject-begins-with /blobServices/default/containers/intake/ `
    --output none
if ($LASTEXITCODE -ne 0) { throw 'postdeploy: the Event Grid subscription could not be made; see the message above.' }
Write-Host 'postdeploy: blobs dropped into intake start the app now.'
