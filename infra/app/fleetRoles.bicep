// The fleet operator's two custom roles. Operator: changes scale sets; assigned on the named scale sets only
// (fleetAccess.bicep). Observer: reads what ARM keeps at the subscription (quota, operations under way, autoscale settings)
// and can change nothing.
targetScope = 'subscription'

param environmentName string
param fleetPrincipalId string

resource operator 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(subscription().id, environmentName, 'selfdev-fleet-operator')
  properties: {
    roleName: 'SelfDev fleet operator (${environmentName})'
    description: 'Reads a scale set, sets its capacity, reimages or deletes instances.'
    type: 'CustomRole'
    assignableScopes: [
      subscription().id
    ]
    permissions: [
      {
        actions: [
          'Microsoft.Authorization/permissions/read'
          'Microsoft.Compute/virtualMachineScaleSets/read'
          'Microsoft.Compute/virtualMachineScaleSets/write'
          'Microsoft.Compute/virtualMachineScaleSets/instanceView/read'
          'Microsoft.Compute/virtualMachineScaleSets/virtualMachines/read'
          'Microsoft.Compute/virtualMachineScaleSets/virtualMachines/write'
          'Microsoft.Compute/virtualMachineScaleSets/virtualMachines/delete'
          'Microsoft.Compute/virtualMachineScaleSets/virtualMachines/instanceView/read'
          'Microsoft.Compute/virtualMachineScaleSets/virtualMachines/reimage/action'
        ]
        notActions: []
        dataActions: []
        notDataActions: []
      }
    ]
  }
}

resource observer 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(subscription().id, environmentName, 'selfdev-fleet-observer')
  properties: {
    roleName: 'SelfDev fleet observer (${environmentName})'
    description: 'Reads quota, sizes, operations under way and autoscale settings. Changes nothing.'
    type: 'CustomRole'
    assignableScopes: [
      subscription().id
    ]
    permissions: [
      {
        actions: [
          'Microsoft.Compute/locations/operations/read'
          'Microsoft.Compute/locations/usages/read'
          'Microsoft.Compute/skus/read'
          'Microsoft.Insights/autoscaleSettings/read'
        ]
        notActions: []
        dataActions: []
        notDataActions: []
      }
    ]
  }
}

resource fleetObserver 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(subscription().id, fleetPrincipalId, observer.id)
  properties: {
    roleDefinitionId: observer.id
    principalId: fleetPrincipalId
    principalType: 'ServicePrincipal'
  }
}

output operatorRoleId string = operator.id
