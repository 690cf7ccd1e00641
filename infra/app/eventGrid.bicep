// The system topic of the artifact account. The subscription is made after the code is deployed (postdeploy.sh): it needs the
// app to answer a handshake, and the app's system key.
param location string
param tags object
param topicName string
param artifactAccountName string

resource artifactAccount 'Microsoft.Storage/storageAccounts@2024-01-01' existing = {
  name: artifactAccountName
}

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' = {
  name: topicName
  location: location
  tags: tags
  properties: {
    source: artifactAccount.id
    topicType: 'Microsoft.Storage.StorageAccounts'
  }
}

output topicName string = topic.name
