// Lets the fleet operator change one scale set. Deployed once for each named one.
param scaleSetName string
param operatorRoleId string
param fleetPrincipalId string

resource scaleSet 'Microsoft.Compute/virtualMachineScaleSets@2024-11-01' existing = {
  name: scaleSetName
}

resource fleetOperator 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(scaleSet.id, fleetPrincipalId, operatorRoleId)
  scope: scaleSet
  properties: {
    roleDefinitionId: operatorRoleId
    principalId: fleetPrincipalId
    principalType: 'ServicePrincipal'
  }
}
