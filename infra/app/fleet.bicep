// A GPU scale set of our own, for who has none: uniform, health-checked, rolling upgrades, SSH keys only, no public addresses.
param location string
param tags object
param name string
param networkName string
param balancerName string
param securityGroupName string
param sku string

@minValue(0)
@maxValue(1000)
param capacity int

@minLength(1)
param sshPublicKey string

@description('Path that the serving process answers with 200 when it is healthy.')
param healthPath string = '/health'

@minValue(1)
@maxValue(65535)
param healthPort int = 8000

resource securityGroup 'Microsoft.Network/networkSecurityGroups@2024-05-01' = {
  name: securityGroupName
  location: location
  tags: tags
}

resource network 'Microsoft.Network/virtualNetworks@2024-05-01' = {
  name: networkName
  location: location
  tags: tags
  properties: {
    addressSpace: {
      addressPrefixes: ['10.20.0.0/16']
    }
    subnets: [
      {
        name: 'fleet'
        properties: {
          addressPrefix: '10.20.0.0/20'
          networkSecurityGroup: { id: securityGroup.id }
        }
      }
    ]
  }
}

resource balancer 'Microsoft.Network/loadBalancers@2024-05-01' = {
  name: balancerName
  location: location
  tags: tags
  sku: { name: 'Standard' }
  properties: {
    frontendIPConfigurations: [
      {
        name: 'internal'
        properties: {
          subnet: { id: '${network.id}/subnets/fleet' }
        }
      }
    ]
    backendAddressPools: [
      { name: 'fleet' }
    ]
    probes: [
      {
        name: 'health'
        properties: {
          protocol: 'Http'
          port: healthPort
          requestPath: healthPath
          intervalInSeconds: 15
          numberOfProbes: 2
        }
      }
    ]
    loadBalancingRules: [
      {
        name: 'serving'
        properties: {
          frontendIPConfiguration: { id: resourceId('Microsoft.Network/loadBalancers/frontendIPConfigurations', balancerName, 'internal') }
          backendAddressPool: { id: resourceId('Microsoft.Network/loadBalancers/backendAddressPools', balancerName, 'fleet') }
          probe: { id: resourceId('Microsoft.Network/loadBalancers/probes', balancerName, 'health') }
          protocol: 'Tcp'
          frontendPort: 80
          backendPort: healthPort
          disableOutboundSnat: true
        }
      }
    ]
  }
}

resource scaleSet 'Microsoft.Compute/virtualMachineScaleSets@2024-11-01' = {
  name: name
  location: location
  tags: tags
  sku: {
    name: sku
    tier: 'Standard'
    capacity: capacity
  }
  properties: {
    orchestrationMode: 'Uniform'
    overprovision: false
    singlePlacementGroup: false
    upgradePolicy: {
      mode: 'Rolling'
      rollingUpgradePolicy: {
        maxBatchInstancePercent: 20
        maxUnhealthyInstancePercent: 20
        maxUnhealthyUpgradedInstancePercent: 20
        pauseTimeBetweenBatches: 'PT2M'
        prioritizeUnhealthyInstances: true
      }
    }
    scaleInPolicy: {
      rules: ['NewestVM']
    }
    virtualMachineProfile: {
      securityProfile: {
        securityType: 'TrustedLaunch'
        uefiSettings: {
          secureBootEnabled: true
          vTpmEnabled: true
        }
      }
      storageProfile: {
        imageReference: {
          publisher: 'microsoft-dsvm'
          offer: 'ubuntu-hpc'
          sku: '2204'
          version: 'latest'
        }
        osDisk: {
          createOption: 'FromImage'
          caching: 'ReadWrite'
          managedDisk: {
            storageAccountType: 'Premium_LRS'
          }
        }
      }
      osProfile: {
        computerNamePrefix: 'gpu'
        adminUsername: 'selfdev'
        linuxConfiguration: {
          disablePasswordAuthentication: true
          ssh: {
            publicKeys: [
              {
                path: '/home/selfdev/.ssh/authorized_keys'
                keyData: sshPublicKey
              }
            ]
          }
        }
      }
      networkProfile: {
        networkInterfaceConfigurations: [
          {
            name: 'nic'
            properties: {
              primary: true
              enableAcceleratedNetworking: true
              ipConfigurations: [
                {
                  name: 'ip'
                  properties: {
                    subnet: { id: '${network.id}/subnets/fleet' }
                    loadBalancerBackendAddressPools: [
                      { id: '${balancer.id}/backendAddressPools/fleet' }
                    ]
                  }
                }
              ]
            }
          }
        ]
      }
      extensionProfile: {
        extensions: [
          {
            name: 'health'
            properties: {
              publisher: 'Microsoft.ManagedServices'
              type: 'ApplicationHealthLinux'
              typeHandlerVersion: '2.0'
              autoUpgradeMinorVersion: true
              settings: {
                protocol: 'http'
                port: healthPort
                requestPath: healthPath
                intervalInSeconds: 10
                numberOfProbes: 3
                gracePeriod: 900
              }
            }
          }
        ]
      }
    }
  }
}

output id string = scaleSet.id
output name string = scaleSet.name
