// Log Analytics workspace and Application Insights. No local authentication: telemetry is sent with the app's identity.
param location string
param tags object
param workspaceName string
param componentName string

@minValue(30)
@maxValue(730)
@description('Days that logs are kept. The ledger, not the log, is the record.')
param retentionDays int = 30

resource workspace 'Microsoft.OperationalInsights/workspaces@2023-09-01' = {
  name: workspaceName
  location: location
  tags: tags
  properties: {
    sku: { name: 'PerGB2018' }
    retentionInDays: retentionDays
  }
}

resource component 'Microsoft.Insights/components@2020-02-02' = {
  name: componentName
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: workspace.id
    DisableLocalAuth: true
  }
}

output componentName string = component.name
