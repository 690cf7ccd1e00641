// A private endpoint and its DNS zone for each service that the app calls.
param location string
param tags object
param virtualNetworkId string
param subnetId string
param hostAccountName string
param artifactAccountName string
param vaultName string
param modelAccountName string

resource hostAccount 'Microsoft.Storage/storageAccounts@2024-01-01' existing = {
  name: hostAccountName
}

resource artifactAccount 'Microsoft.Storage/storageAccounts@2024-01-01' existing = {
  name: artifactAccountName
}

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' existing = {
  name: vaultName
}

var storageSuffix = environment().suffixes.storage
var storageEndpoints = [
  { name: 'host-blob', id: hostAccount.id, service: 'blob', zone: 'privatelink.blob.${storageSuffix}' }
  { name: 'host-queue', id: hostAccount.id, service: 'queue', zone: 'privatelink.queue.${storageSuffix}' }
  { name: 'host-table', id: hostAccount.id, service: 'table', zone: 'privatelink.table.${storageSuffix}' }
  { name: 'data-blob', id: artifactAccount.id, service: 'blob', zone: 'privatelink.blob.${storageSuffix}' }
  { name: 'data-queue', id: artifactAccount.id, service: 'queue', zone: 'privatelink.queue.${storageSuffix}' }
]
var vaultEndpoints = [
  { name: 'vault', id: vault.id, service: 'vault', zone: 'privatelink.vaultcore.azure.net' }
]
var modelEndpoints = empty(modelAccountName) ? [] : [
  { name: 'model', id: resourceId('Microsoft.CognitiveServices/accounts', modelAccountName), service: 'account', zone: 'privatelink.openai.azure.com' }
]
var targets = concat(storageEndpoints, vaultEndpoints, modelEndpoints)
var zoneNames = union(map(targets, target => target.zone), [])

resource zones 'Microsoft.Network/privateDnsZones@2024-06-01' = [for zone in zoneNames: {
  name: zone
  location: 'global'
  tags: tags
}]

resource links 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [for (zone, index) in zoneNames: {
  parent: zones[index]
  name: 'selfdev'
  location: 'global'
  tags: tags
  properties: {
    registrationEnabled: false
    virtualNetwork: {
      id: virtualNetworkId
    }
  }
}]

resource endpoints 'Microsoft.Network/privateEndpoints@2024-05-01' = [for target in targets: {
  name: 'pe-${target.name}'
  location: location
  tags: tags
  properties: {
    subnet: {
      id: subnetId
    }
    privateLinkServiceConnections: [
      {
        name: target.name
        properties: {
          privateLinkServiceId: target.id
          groupIds: [target.service]
        }
      }
    ]
  }
}]

resource zoneGroups 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2024-05-01' = [for (target, index) in targets: {
  parent: endpoints[index]
  name: 'default'
  properties: {
    privateDnsZoneConfigs: [
      {
        name: target.service
        properties: {
          privateDnsZoneId: resourceId('Microsoft.Network/privateDnsZones', target.zone)
        }
      }
    ]
  }
  dependsOn: [
    zones
  ]
}]
