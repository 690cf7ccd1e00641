// Budget of the resource group: a mail at half, at four fifths and at all of it. It warns, it does not stop anything.
param name string

@minValue(1)
param amount int
param startDate string
param email string
param actionGroupId string

var thresholds = [50, 80, 100]

resource budget 'Microsoft.Consumption/budgets@2024-08-01' = {
  name: name
  properties: {
    category: 'Cost'
    amount: amount
    timeGrain: 'Monthly'
    timePeriod: {
      startDate: startDate
    }
    notifications: toObject(thresholds, threshold => 'at${threshold}percent', threshold => {
      enabled: true
      operator: 'GreaterThanOrEqualTo'
      threshold: threshold
      thresholdType: 'Actual'
      contactEmails: empty(email) ? [] : [email]
      contactGroups: [actionGroupId]
    })
  }
}
