namespace SelfDev.Workflows.Scaling.Model;

/// <summary>An instance that is to go: routers should send it nothing more. Once idle it is deleted; if it is needed
/// again before, it is one no longer.</summary>
/// <param name="Resource">Its scale set.</param>
/// <param name="Instance">Host name.</param>
/// <param name="Since">Time of the sample by which it was chosen, by the clock of whoever sends samples.</param>
public sealed record FleetDrain(string Resource, string Instance, DateTimeOffset Since);
