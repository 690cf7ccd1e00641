// Two accounts: one for the Functions host and the orchestrations' histories, one for artifacts. Neither accepts keys.
param location string
param tags object

@maxLength(24)
param hostAccountName string

@maxLength(24)
param artifactAccountName string
param deploymentContainer string

@description('False: private endpoints only. Event Grid still gets in, as a trusted service.')
param publicAccess bool

@minValue(1)
@description('Days that an artifact stays in intake after it was written. Shorter than the app keeps histories (SelfDev__HistoryDays), or old blobs would be diagnosed again.')
param intakeDays int = 90

@minValue(1)
@description('Days that the windows and parsed models of a diagnosis are kept.')
param evidenceDays int = 180

@minValue(1)
@description('Days during which an entry of the ledger and a trust record can neither be changed nor deleted, by anybody. Adding stays allowed.')
param ledgerDays int = 365

// A test compares them with the code.
var containers = [
  'intake'
  'evidence'
  'reports'
  'rejected'
  'commands'
  'ledger'
  'trust'
]

var accountProperties = {
  accessTier: 'Hot'
  allowBlobPublicAccess: false
  allowCrossTenantReplication: false
  allowSharedKeyAccess: false
  defaultToOAuthAuthentication: true
  minimumTlsVersion: 'TLS1_2'
  supportsHttpsTrafficOnly: true
  publicNetworkAccess: publicAccess ? 'Enabled' : 'Disabled'
  networkAcls: {
    defaultAction: publicAccess ? 'Allow' : 'Deny'
    bypass: 'AzureServices'
  }
}

resource hostAccount 'Microsoft.Storage/storageAccounts@2024-01-01' = {
  name: hostAccountName
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: 'Standard_LRS' }
  properties: accountProperties

  resource blobs 'blobServices' = {
    name: 'default'

    resource package 'containers' = {
      name: deploymentContainer
    }
  }
}

resource artifactAccount 'Microsoft.Storage/storageAccounts@2024-01-01' = {
  name: artifactAccountName
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: 'Standard_ZRS' }
  properties: accountProperties
}

resource artifactBlobs 'Microsoft.Storage/storageAccounts/blobServices@2024-01-01' = {
  parent: artifactAccount
  name: 'default'
  properties: {
    deleteRetentionPolicy: {
      enabled: true
      days: 14
    }
    containerDeleteRetentionPolicy: {
      enabled: true
      days: 14
    }
  }
}

resource artifactContainers 'Microsoft.Storage/storageAccounts/blobServices/containers@2024-01-01' = [for name in containers: {
  parent: artifactBlobs
  name: name
}]

// Unlocked: it can be shortened or removed until somebody locks it (docs/deploy.md), which cannot be undone.
resource ledgerImmutability 'Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies@2024-01-01' = {
  parent: artifactContainers[indexOf(containers, 'ledger')]
  name: 'default'
  properties: {
    immutabilityPeriodSinceCreationInDays: ledgerDays
    allowProtectedAppendWrites: true
  }
}

// Records that decide something are created once and never written again: no appending either.
resource trustImmutability 'Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies@2024-01-01' = {
  parent: artifactContainers[indexOf(containers, 'trust')]
  name: 'default'
  properties: {
    immutabilityPeriodSinceCreationInDays: ledgerDays
    allowProtectedAppendWrites: false
  }
}

resource lifecycle 'Microsoft.Storage/storageAccounts/managementPolicies@2024-01-01' = {
  parent: artifactAccount
  name: 'default'
  properties: {
    policy: {
      rules: [
        {
          name: 'intake'
          enabled: true
          type: 'Lifecycle'
          definition: {
            filters: {
              blobTypes: ['blockBlob']
              prefixMatch: ['intake/', 'rejected/']
            }
            actions: {
              baseBlob: {
                tierToCool: { daysAfterModificationGreaterThan: 30 }
                delete: { daysAfterModificationGreaterThan: intakeDays }
              }
            }
          }
        }
        {
          // By the ids of diagnoses only: approvals, decisions and the kill switch lie in the same container and stay.
          name: 'evidence'
          enabled: true
          type: 'Lifecycle'
          definition: {
            filters: {
              blobTypes: ['blockBlob']
              prefixMatch: ['evidence/intake-']
            }
            actions: {
              baseBlob: {
                delete: { daysAfterModificationGreaterThan: evidenceDays }
              }
            }
          }
        }
        {
          name: 'reports'
          enabled: true
          type: 'Lifecycle'
          definition: {
            filters: {
              blobTypes: ['blockBlob']
              prefixMatch: ['reports/']
            }
            actions: {
              baseBlob: {
                tierToCool: { daysAfterModificationGreaterThan: 90 }
              }
            }
          }
        }
      ]
    }
  }
  dependsOn: [
    artifactContainers
  ]
}

output hostAccountName string = hostAccount.name
output artifactAccountName string = artifactAccount.name
