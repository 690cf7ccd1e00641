// Azure OpenAI account and one deployment. No keys: the analyst's identity gets tokens.
param location string
param tags object
param accountName string
param modelName string
param modelVersion string

@minValue(1)
param capacity int
param publicAccess bool

resource account 'Microsoft.CognitiveServices/accounts@2024-10-01' = {
  name: accountName
  location: location
  tags: tags
  kind: 'OpenAI'
  sku: { name: 'S0' }
  properties: {
    customSubDomainName: accountName
    disableLocalAuth: true
    publicNetworkAccess: publicAccess ? 'Enabled' : 'Disabled'
    networkAcls: {
      defaultAction: publicAccess ? 'Allow' : 'Deny'
    }
  }
}

resource deployment 'Microsoft.CognitiveServices/accounts/deployments@2024-10-01' = {
  parent: account
  name: modelName
  sku: {
    name: 'GlobalStandard'
    capacity: capacity
  }
  properties: {
    model: {
      format: 'OpenAI'
      name: modelName
      version: modelVersion
    }
    // A new version of the model may explain otherwise: it changes when somebody changes it.
    versionUpgradeOption: 'NoAutoUpgrade'
  }
}

output accountName string = account.name
output deploymentName string = deployment.name
output endpoint string = '${account.properties.endpoint}openai/v1/'
