# The same as postprovision.sh, for Windows. Needs az and PowerShell 7.
$ErrorActionPreference = 'Stop'
if (-not $env:AZURE_KEY_VAULT_NAME) { throw 'postprovision: run by azd, which sets the outputs of infra/main.bicep' }
if (-not (Get-Command az -ErrorAction SilentlyContinue)) { throw "postprovision: 'az' is needed and was not found." }
$vault = $env:AZURE_KEY_VAULT_NAME

function Test-Secret([string] $name) {
    az keyvault secret show --vault-name $vault --name $name --query id --output tsv 2>$null | Out-Null
    return $LASTEXITCODE -eq 0
}

# The role that allows this was assigned a moment ago and may take minutes to count.
function Set-Secret([string] $name, [string] $value, [string] $type) {
    $file = New-TemporaryFile
    try {
        Set-Content -Path $file -Value $value -NoNewline -Encoding utf8NoBOM
        for ($attempt = 1; ; $attempt++) {
            az keyvault secret set --vault-name $vault --name $name --file $file --encoding utf-8 --content-type $type --output none
            if ($LASTEXITCODE -eq 0) { break }
            if ($attempt -ge 10) { throw "postprovision: secret '$name' could not be written; see the message above." }
            Write-Host "postprovision: secret '$name' not written yet (attempt $attempt of 10), trying again in 30 s."
            Start-Sleep -Seconds 30
        }
        Write-Host "postprovision: made secret '$name'."
    }
    finally {
        Remove-Item $file
    }
}

if (-not (Test-Secret 'approval-keys')) {
    $secret = [Convert]::ToBase64String([Security.Cryptography.RandomNumberGenerator]::GetBytes(32))
    $from = [DateTime]::UtcNow.ToString('yyyy-MM-ddTHH:mm:ssZ')
    Set-Secret 'approval-keys' "[{`"id`":`"k1`",`"secret`":`"$secret`",`"notBefore`":`"$from`",`"notAfter`":`"9999-12-31T23:59:59Z`"}]" 'application/json'
}

if (-not (Test-Secret 'ledger-key')) {
    $key = [Security.Cryptography.ECDsa]::Create([Security.Cryptography.ECCurve+NamedCurves]::nistP256)
    Set-Secret 'ledger-key' $key.ExportPkcs8PrivateKeyPem() 'application/x-pem-file'
}
