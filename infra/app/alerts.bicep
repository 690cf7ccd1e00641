// What somebody must hear of: dropped blobs that gave up, orchestrations that failed, approvals about to expire, events that
// Event Grid could not deliver, input that was rejected in numbers. The queries go by the wording of the app's Logs.cs; a test compares.
param location string
param tags object
param actionGroupName string
param email string
param componentName string
param artifactAccountName string
param topicName string

resource component 'Microsoft.Insights/components@2020-02-02' existing = {
  name: componentName
}

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = {
  name: topicName
}

resource artifactAccount 'Microsoft.Storage/storageAccounts@2024-01-01' existing = {
  name: artifactAccountName

  resource queues 'queueServices' existing = {
    name: 'default'
  }
}

resource actionGroup 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: actionGroupName
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'selfdev'
    enabled: true
    emailReceivers: empty(email) ? [] : [
      {
        name: 'mail'
        emailAddress: email
        useCommonAlertSchema: true
      }
    ]
  }
}

// The queue service of the artifact account serves the blob trigger only; what stays in it for an hour is poison.
resource poisonBlobs 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: 'selfdev-poison-blobs'
  location: 'global'
  tags: tags
  properties: {
    description: 'A dropped blob failed five times and went to the poison queue. See docs/poison-queue.md.'
    severity: 2
    enabled: true
    scopes: [artifactAccount::queues.id]
    evaluationFrequency: 'PT15M'
    windowSize: 'PT1H'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          criterionType: 'StaticThresholdCriterion'
          name: 'messages'
          metricNamespace: 'Microsoft.Storage/storageAccounts/queueServices'
          metricName: 'QueueMessageCount'
          operator: 'GreaterThan'
          threshold: 0
          timeAggregation: 'Average'
        }
      ]
    }
    actions: [
      { actionGroupId: actionGroup.id }
    ]
  }
}

resource undelivered 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: 'selfdev-undelivered-events'
  location: 'global'
  tags: tags
  properties: {
    description: 'Event Grid cannot deliver to the app. The sweep still starts what is dropped, within five minutes.'
    severity: 3
    enabled: true
    scopes: [topic.id]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          criterionType: 'StaticThresholdCriterion'
          name: 'failures'
          metricNamespace: 'Microsoft.EventGrid/systemTopics'
          metricName: 'DeliveryAttemptFailCount'
          operator: 'GreaterThan'
          threshold: 0
          timeAggregation: 'Total'
        }
      ]
    }
    actions: [
      { actionGroupId: actionGroup.id }
    ]
  }
}

var logAlerts = [
  {
    name: 'failed-orchestrations'
    description: 'A workflow failed for good. The dashboard shows which and why.'
    severity: 1
    query: 'traces | where customDimensions.Category startswith "Host.Triggers.DurableTask" | where tostring(customDimensions.prop__functionType) == "Orchestrator" and tostring(customDimensions.prop__state) == "Failed"'
  }
  {
    name: 'failed-functions'
    description: 'Functions fail.'
    severity: 2
    query: 'requests | where success == false and operation_Name in ("ArtifactDropped", "SweepIntake", "PurgeHistories")'
  }
  {
    name: 'expiring-approvals'
    description: 'An approval was reminded of and is still undecided: it expires without action.'
    severity: 2
    query: 'traces | where message startswith "Notification approval-reminder"'
  }
]

resource rules 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [for alert in logAlerts: {
  name: 'selfdev-${alert.name}'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: 'selfdev-${alert.name}'
    description: alert.description
    severity: alert.severity
    enabled: true
    scopes: [component.id]
    evaluationFrequency: 'PT15M'
    windowSize: 'PT15M'
    criteria: {
      allOf: [
        {
          query: alert.query
          timeAggregation: 'Count'
          operator: 'GreaterThan'
          threshold: 0
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    autoMitigate: true
    actions: {
      actionGroups: [actionGroup.id]
    }
  }
}]

output actionGroupId string = actionGroup.id
