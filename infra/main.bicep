// SelfDev on Azure: one resource group, three identities, no keys. `azd up` deploys it; docs/deploy.md walks through it.
// Plain resources instead of Azure Verified Modules: registry modules cannot be restored, and so not checked, offline.
targetScope = 'subscription'

@minLength(1)
@maxLength(64)
@description('Name of the azd environment; names of resources are derived from it.')
param environmentName string

@minLength(1)
@description('Region of everything. It must offer Flex Consumption.')
@metadata({ azd: { type: 'location' } })
param location string

@description('Object id of who deploys: may upload to intake, read the containers and write the two secrets. Empty: nobody.')
param principalId string = ''

@allowed(['User', 'ServicePrincipal', 'Group'])
@description('What kind of principal that is.')
param principalType string = 'User'

@description('Network of its own, private endpoints, no public access to storage, key vault and model.')
param vnetEnabled bool = false

@description('Azure OpenAI account and deployment for the analyst. False: findings are explained by rules.')
param modelEnabled bool = true

@description('Model of the deployment.')
param modelName string = 'gpt-4.1-mini'

@description('Version of the model.')
param modelVersion string = '2025-04-14'

@minValue(1)
@description('Capacity of the deployment, thousands of tokens a minute.')
param modelCapacity int = 50

@description('Resource ids of existing scale sets that may be scaled, comma-separated. They must lie in this subscription.')
param fleetIds string = ''

@description('Size of a scale set to make, e.g. Standard_NC24ads_A100_v4. Empty: none is made.')
param fleetSku string = ''

@description('SSH public key of that scale set. Needed with fleetSku.')
param fleetSshPublicKey string = ''

@minValue(0)
@description('Instances that it starts with.')
param fleetCapacity int = 0

@description('Client id of an Entra app registration for sign-in to dashboard and API. Empty: sign-in is off and only approval links work.')
param authClientId string = ''

@description('Host names, comma-separated, under which the app answers beside its own: custom domains. Under any other name it answers 421.')
param allowedHosts string = ''

@description('HTTPS address to which notifications are posted as JSON; their links let the reader decide. Empty: nobody is told.')
param webhook string = ''

@allowed(['Public', 'Private'])
@description('Private: the webhook may have an address of a private network too, e.g. behind a private endpoint.')
param webhookNetwork string = 'Public'

@description('A ledger head that was noted, "size:rootHash": the app refuses a ledger that is shorter or differs there. Empty: none.')
param ledgerAnchor string = ''

@description('Where alerts are mailed. Empty: alerts fire without telling anybody.')
param alertEmail string = ''

@minValue(1)
@description('Monthly budget of the resource group in the currency of the subscription; alerts at 50, 80 and 100 percent.')
param monthlyBudget int = 200

@description('First day of the budget. The default is the first of this month.')
param budgetStart string = utcNow('yyyy-MM-01')

@allowed(['AzureStorage', 'DurableTaskScheduler'])
@description('Backend of the orchestrations. docs/durable-task-scheduler.md tells how to move.')
param durableBackend string = 'AzureStorage'

var abbreviations = loadJsonContent('./abbreviations.json')
var token = toLower(uniqueString(subscription().id, environmentName, location))
var tags = { 'azd-env-name': environmentName }
var functionAppName = '${abbreviations.webSitesFunctions}${token}'
var deploymentContainer = 'app-package'
var existingFleets = empty(fleetIds) ? [] : map(split(fleetIds, ','), id => trim(id))
var makesFleet = !empty(fleetSku)

resource group 'Microsoft.Resources/resourceGroups@2024-11-01' = {
  name: '${abbreviations.resourcesResourceGroups}${environmentName}'
  location: location
  tags: tags
}

module identities 'app/identities.bicep' = {
  name: 'identities'
  scope: group
  params: {
    location: location
    tags: tags
    prefix: abbreviations.managedIdentityUserAssignedIdentities
    token: token
  }
}

module monitoring 'app/monitoring.bicep' = {
  name: 'monitoring'
  scope: group
  params: {
    location: location
    tags: tags
    workspaceName: '${abbreviations.operationalInsightsWorkspaces}${token}'
    componentName: '${abbreviations.insightsComponents}${token}'
  }
}

module storage 'app/storage.bicep' = {
  name: 'storage'
  scope: group
  params: {
    location: location
    tags: tags
    hostAccountName: '${abbreviations.storageStorageAccounts}host${token}'
    artifactAccountName: '${abbreviations.storageStorageAccounts}data${token}'
    deploymentContainer: deploymentContainer
    publicAccess: !vnetEnabled
  }
}

module vault 'app/vault.bicep' = {
  name: 'vault'
  scope: group
  params: {
    location: location
    tags: tags
    name: '${abbreviations.keyVaultVaults}${token}'
    publicAccess: !vnetEnabled
  }
}

module model 'app/model.bicep' = if (modelEnabled) {
  name: 'model'
  scope: group
  params: {
    location: location
    tags: tags
    accountName: '${abbreviations.cognitiveServicesAccounts}${token}'
    modelName: modelName
    modelVersion: modelVersion
    capacity: modelCapacity
    publicAccess: !vnetEnabled
  }
}

module network 'app/network.bicep' = if (vnetEnabled) {
  name: 'network'
  scope: group
  params: {
    location: location
    tags: tags
    name: '${abbreviations.networkVirtualNetworks}${token}'
  }
}

module privateEndpoints 'app/privateEndpoints.bicep' = if (vnetEnabled) {
  name: 'privateEndpoints'
  scope: group
  params: {
    location: location
    tags: tags
    virtualNetworkId: network.?outputs.id ?? ''
    subnetId: network.?outputs.endpointSubnetId ?? ''
    hostAccountName: storage.outputs.hostAccountName
    artifactAccountName: storage.outputs.artifactAccountName
    vaultName: vault.outputs.name
    modelAccountName: model.?outputs.accountName ?? ''
  }
}

module scheduler 'app/scheduler.bicep' = if (durableBackend == 'DurableTaskScheduler') {
  name: 'scheduler'
  scope: group
  params: {
    location: location
    tags: tags
    name: 'dts-${token}'
    hubName: 'selfdev'
    appPrincipalId: identities.outputs.appPrincipalId
  }
}

module function 'app/function.bicep' = {
  name: 'function'
  scope: group
  params: {
    location: location
    tags: tags
    name: functionAppName
    planName: '${abbreviations.webServerFarms}${token}'
    appIdentityId: identities.outputs.appId
    analystIdentityId: identities.outputs.analystId
    fleetIdentityId: identities.outputs.fleetId
    appClientId: identities.outputs.appClientId
    analystClientId: identities.outputs.analystClientId
    fleetClientId: identities.outputs.fleetClientId
    hostAccountName: storage.outputs.hostAccountName
    artifactAccountName: storage.outputs.artifactAccountName
    deploymentContainer: deploymentContainer
    componentName: monitoring.outputs.componentName
    vaultName: vault.outputs.name
    modelEndpoint: model.?outputs.endpoint ?? ''
    modelDeployment: model.?outputs.deploymentName ?? ''
    subnetId: network.?outputs.appSubnetId ?? ''
    authClientId: authClientId
    allowedHosts: allowedHosts
    webhook: webhook
    webhookNetwork: webhookNetwork
    ledgerAnchor: ledgerAnchor
    schedulerConnection: scheduler.?outputs.endpoint ?? ''
  }
  dependsOn: [
    roles
  ]
}

module roles 'app/roles.bicep' = {
  name: 'roles'
  scope: group
  params: {
    hostAccountName: storage.outputs.hostAccountName
    artifactAccountName: storage.outputs.artifactAccountName
    componentName: monitoring.outputs.componentName
    vaultName: vault.outputs.name
    modelAccountName: model.?outputs.accountName ?? ''
    appPrincipalId: identities.outputs.appPrincipalId
    analystPrincipalId: identities.outputs.analystPrincipalId
    deployerPrincipalId: principalId
    deployerPrincipalType: principalType
  }
}

module fleetRoles 'app/fleetRoles.bicep' = {
  name: 'fleetRoles'
  params: {
    environmentName: environmentName
    fleetPrincipalId: identities.outputs.fleetPrincipalId
  }
}

module fleet 'app/fleet.bicep' = if (makesFleet) {
  name: 'fleet'
  scope: group
  params: {
    location: location
    tags: tags
    name: '${abbreviations.computeVirtualMachineScaleSets}${token}'
    networkName: '${abbreviations.networkVirtualNetworks}fleet-${token}'
    balancerName: '${abbreviations.networkLoadBalancers}fleet-${token}'
    securityGroupName: '${abbreviations.networkNetworkSecurityGroups}fleet-${token}'
    sku: fleetSku
    capacity: fleetCapacity
    sshPublicKey: fleetSshPublicKey
  }
}

module ownFleetAccess 'app/fleetAccess.bicep' = if (makesFleet) {
  name: 'fleet-access-own'
  scope: group
  params: {
    scaleSetName: fleet.?outputs.name ?? ''
    operatorRoleId: fleetRoles.outputs.operatorRoleId
    fleetPrincipalId: identities.outputs.fleetPrincipalId
  }
}

module existingFleetAccess 'app/fleetAccess.bicep' = [for id in existingFleets: {
  name: 'fleet-access-${uniqueString(id)}'
  scope: resourceGroup(split(id, '/')[4])
  params: {
    scaleSetName: last(split(id, '/'))
    operatorRoleId: fleetRoles.outputs.operatorRoleId
    fleetPrincipalId: identities.outputs.fleetPrincipalId
  }
}]

module eventGrid 'app/eventGrid.bicep' = {
  name: 'eventGrid'
  scope: group
  params: {
    location: location
    tags: tags
    topicName: '${abbreviations.eventGridSystemTopics}${token}'
    artifactAccountName: storage.outputs.artifactAccountName
  }
}

module alerts 'app/alerts.bicep' = {
  name: 'alerts'
  scope: group
  params: {
    location: location
    tags: tags
    actionGroupName: '${abbreviations.insightsActionGroups}${token}'
    email: alertEmail
    componentName: monitoring.outputs.componentName
    artifactAccountName: storage.outputs.artifactAccountName
    topicName: eventGrid.outputs.topicName
  }
}

module budget 'app/budget.bicep' = {
  name: 'budget'
  scope: group
  params: {
    name: '${abbreviations.consumptionBudgets}${environmentName}'
    amount: monthlyBudget
    startDate: budgetStart
    email: alertEmail
    actionGroupId: alerts.outputs.actionGroupId
  }
}

output AZURE_LOCATION string = location
output AZURE_TENANT_ID string = tenant().tenantId
output RESOURCE_GROUP string = group.name
output AZURE_FUNCTION_APP_NAME string = function.outputs.name
output SERVICE_SELFDEV_BASE_URL string = function.outputs.url
output AZURE_STORAGE_ACCOUNT_NAME string = storage.outputs.artifactAccountName
output AZURE_KEY_VAULT_NAME string = vault.outputs.name
output EVENT_GRID_TOPIC_NAME string = eventGrid.outputs.topicName
output FLEET_ID string = fleet.?outputs.id ?? ''
output MODEL_ENDPOINT string = model.?outputs.endpoint ?? ''
