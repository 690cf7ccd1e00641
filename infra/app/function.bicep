// The app on Flex Consumption, with the three identities. Every app setting of SelfDev is here; a test compares them with the code.
param location string
param tags object
param name string
param planName string
param appIdentityId string
param analystIdentityId string
param fleetIdentityId string
param appClientId string
param analystClientId string
param fleetClientId string
param hostAccountName string
param artifactAccountName string
param deploymentContainer string
param componentName string
param vaultName string
param modelEndpoint string
param modelDeployment string
param subnetId string
param authClientId string
param allowedHosts string

param webhook string

@allowed(['Public', 'Private'])
param webhookNetwork string
param ledgerAnchor string

param schedulerConnection string

@allowed([2048, 4096])
param instanceMemoryMB int = 2048

@minValue(1)
@maxValue(1000)
@description('Instances at most: the ceiling of cost and of calls to the model.')
param maximumInstanceCount int = 40

resource hostAccount 'Microsoft.Storage/storageAccounts@2024-01-01' existing = {
  name: hostAccountName
}

resource artifactAccount 'Microsoft.Storage/storageAccounts@2024-01-01' existing = {
  name: artifactAccountName
}

resource component 'Microsoft.Insights/components@2020-02-02' existing = {
  name: componentName
}

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' existing = {
  name: vaultName
}

resource plan 'Microsoft.Web/serverfarms@2024-04-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    tier: 'FlexConsumption'
    name: 'FC1'
  }
  properties: {
    reserved: true
  }
}

resource site 'Microsoft.Web/sites@2024-04-01' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': 'selfdev' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${appIdentityId}': {}
      '${analystIdentityId}': {}
      '${fleetIdentityId}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    keyVaultReferenceIdentity: appIdentityId
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${hostAccount.properties.primaryEndpoints.blob}${deploymentContainer}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: appIdentityId
          }
        }
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
      }
      runtime: {
        name: 'dotnet-isolated'
        version: '10.0'
      }
    }
    siteConfig: {
      minTlsVersion: '1.2'
      ftpsState: 'Disabled'
    }
  }

  resource settings 'config' = {
    name: 'appsettings'
    properties: union(hostSettings, selfDevSettings, schedulerSettings)
  }

  // No publishing with passwords: deployments use Entra tokens.
  resource ftp 'basicPublishingCredentialsPolicies' = {
    name: 'ftp'
    properties: {
      allow: false
    }
  }

  resource scm 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: {
      allow: false
    }
  }

  // Sign-in: signed-in callers are told to the app by headers; strangers are let through to the app, which serves them
  // approval links (each carries its own proof) and refuses the rest.
  resource authentication 'config' = {
    name: 'authsettingsV2'
    properties: {
      platform: {
        enabled: !empty(authClientId)
      }
      globalValidation: {
        unauthenticatedClientAction: 'AllowAnonymous'
      }
      identityProviders: {
        azureActiveDirectory: {
          enabled: !empty(authClientId)
          registration: {
            clientId: authClientId
            openIdIssuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
          }
          validation: {
            allowedAudiences: empty(authClientId) ? [] : ['api://${authClientId}']
          }
        }
      }
      login: {
        tokenStore: {
          enabled: false
        }
      }
    }
  }
}

// Read by the Functions host, by host.json and by the bindings.
var hostSettings = {
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: appClientId
  AzureWebJobsStorage__blobServiceUri: hostAccount.properties.primaryEndpoints.blob
  AzureWebJobsStorage__queueServiceUri: hostAccount.properties.primaryEndpoints.queue
  AzureWebJobsStorage__tableServiceUri: hostAccount.properties.primaryEndpoints.table
  APPLICATIONINSIGHTS_CONNECTION_STRING: component.properties.ConnectionString
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${appClientId};Authorization=AAD'
  AzureWebJobsDisableHomepage: 'true'
  TASKHUB_NAME: 'selfdev'
  Intake__credential: 'managedidentity'
  Intake__clientId: appClientId
  Intake__blobServiceUri: artifactAccount.properties.primaryEndpoints.blob
  Intake__queueServiceUri: artifactAccount.properties.primaryEndpoints.queue
}

// Read by the app: src/SelfDev.Functions/Hosting/FunctionsSettings.cs.
var selfDevSettings = {
  SelfDev__Storage: artifactAccount.properties.primaryEndpoints.blob
  SelfDev__AppClientId: appClientId
  SelfDev__AnalystClientId: analystClientId
  SelfDev__FleetClientId: fleetClientId
  SelfDev__PublicUrl: 'https://${name}.azurewebsites.net/'
  SelfDev__AllowedHosts: allowedHosts
  SelfDev__ArmEndpoint: environment().resourceManager
  SelfDev__ModelEndpoint: modelEndpoint
  SelfDev__Model: modelDeployment
  SelfDev__Webhook: webhook
  SelfDev__WebhookNetwork: webhookNetwork
  SelfDev__LedgerAnchor: ledgerAnchor
  SelfDev__PolicyFile: 'policy.json'
  SelfDev__ApprovalKeys: '@Microsoft.KeyVault(SecretUri=${vault.properties.vaultUri}secrets/approval-keys/)'
  SelfDev__LedgerKey: '@Microsoft.KeyVault(SecretUri=${vault.properties.vaultUri}secrets/ledger-key/)'
  SelfDev__HistoryDays: '120'
}

// Only after the move to the Durable Task Scheduler (docs/durable-task-scheduler.md).
var schedulerSettings = empty(schedulerConnection) ? {} : {
  DURABLE_TASK_SCHEDULER_CONNECTION_STRING: 'Endpoint=${schedulerConnection};Authentication=ManagedIdentity;ClientID=${appClientId}'
}

output name string = site.name
output url string = 'https://${site.properties.defaultHostName}/'
