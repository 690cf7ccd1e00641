// Three identities, so that a leak of one does not reach the rest: the app (storage, telemetry, secrets), the analyst (the
// model, nothing else) and the fleet operator (the named scale sets, nothing else). Reasons: docs/roles.md.
param location string
param tags object
param prefix string
param token string

resource app 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: '${prefix}app-${token}'
  location: location
  tags: tags
}

resource analyst 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: '${prefix}analyst-${token}'
  location: location
  tags: tags
}

resource fleet 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: '${prefix}fleet-${token}'
  location: location
  tags: tags
}

output appId string = app.id
output appClientId string = app.properties.clientId
output appPrincipalId string = app.properties.principalId
output analystId string = analyst.id
output analystClientId string = analyst.properties.clientId
output analystPrincipalId string = analyst.properties.principalId
output fleetId string = fleet.id
output fleetClientId string = fleet.properties.clientId
output fleetPrincipalId string = fleet.properties.principalId
